using System.Globalization;

namespace GreenThreads.TestProcess;

// Makes and starts coroutines while other threads collect without a pause, so that many collections begin in the middle of a creation. A poll
// for collections that the JIT compiler placed after the end of a reverse P/Invoke once left one new Thread in some ten thousand in cooperative
// mode, and its first entry into managed code ended the process.
internal static unsafe class CreateWhileCollectingScenario
{
    private static volatile bool s_stop;

    internal static int Run(string[] args)
    {
        int count = int.Parse(args[0], CultureInfo.InvariantCulture);
        _ = GreenRuntime.Mode;
        var collector = new Thread(static () =>
        {
            var random = new Random(1);
            while (!s_stop)
            {
                GC.Collect(0);
                // Otherwise the two take turns, and no collection begins in the middle.
                Thread.SpinWait(random.Next(2000));
            }
        });
        collector.Start();
        int started = 0;
        var carrier = new Thread(() => started = CreateAll(count));
        carrier.Start();
        carrier.Join();
        s_stop = true;
        collector.Join();
        Console.WriteLine($"started={started}");
        Console.WriteLine($"collections={GC.CollectionCount(0)}");
        return 0;
    }

    // The carrier is not released: the coroutines stay suspended on it to the end of the process.
    private static int CreateAll(int count)
    {
        Carrier* carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
        int started = 0;
        Action body = () =>
        {
            started++;
            Coroutine.Current!.Suspend();
        };
        for (int i = 0; i < count; i++)
        {
            Coroutine coroutine = Coroutine.Create(carrier);
            coroutine.Start(body);
            coroutine.Resume(carrier);
        }
        return started;
    }
}
