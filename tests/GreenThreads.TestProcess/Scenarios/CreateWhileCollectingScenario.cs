using System.Globalization;

namespace GreenThreads.TestProcess;

// Makes and starts coroutines while other threads collect without a pause, so that many collections begin in the middle of a creation. A poll
// for collections that the JIT compiler placed after the end of a reverse P/Invoke once left one new Thread in some ten thousand in cooperative
// mode, and its first entry into managed code ended the process.
internal static unsafe class CreateWhileCollectingScenario
{
    private static volatile bool s_stop;
    private static int s_started;

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
                // One collection for each creation, somewhere in its course. Without a pause they would leave the carrier no time between them.
                int before = Volatile.Read(ref s_started);
                while (!s_stop && Volatile.Read(ref s_started) == before)
                    Thread.SpinWait(1);
                Thread.SpinWait(random.Next(300));
            }
        });
        collector.Start();
        var carrier = new Thread(() => CreateAll(count));
        carrier.Start();
        carrier.Join();
        s_stop = true;
        collector.Join();
        Console.WriteLine($"started={s_started}");
        Console.WriteLine($"collections={GC.CollectionCount(0)}");
        return 0;
    }

    // The carrier is not released: the coroutines stay suspended on it to the end of the process.
    private static void CreateAll(int count)
    {
        Carrier* carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
        Action body = static () =>
        {
            Interlocked.Increment(ref s_started);
            Coroutine.Current!.Suspend();
        };
        for (int i = 0; i < count; i++)
        {
            Coroutine coroutine = Coroutine.Create(carrier);
            coroutine.Start(body);
            coroutine.Resume(carrier);
        }
    }
}
