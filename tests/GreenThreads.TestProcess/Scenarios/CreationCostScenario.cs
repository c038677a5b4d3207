using System.Diagnostics;
using System.Globalization;

namespace GreenThreads.TestProcess;

/// <summary>What a coroutine costs to make when there are few, and when there are many: medians in microseconds over windows of a thousand.</summary>
internal static unsafe class CreationCostScenario
{
    private const int Window = 1000;

    internal static int Run(string[] args)
    {
        int count = int.Parse(args[0], CultureInfo.InvariantCulture);
        _ = GreenRuntime.Mode;
        var ticks = new long[count];
        var carrier = new Thread(() => CreateAll(ticks));
        carrier.Start();
        carrier.Join();
        Console.WriteLine($"early={Median(ticks, Window)}");
        Console.WriteLine($"late={Median(ticks, count - Window)}");
        Console.WriteLine($"collections={GC.CollectionCount(0)}");
        return 0;
    }

    private static void CreateAll(long[] ticks)
    {
        // The carrier is not released: the coroutines stay suspended on it to the end of the process.
        Carrier* carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
        var coroutines = new Coroutine[ticks.Length];
        Action body = static () => Coroutine.Current!.Suspend();
        for (int i = 0; i < ticks.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            Coroutine coroutine = Coroutine.Create(carrier);
            coroutine.Start(body);
            coroutine.Resume(carrier);
            ticks[i] = Stopwatch.GetTimestamp() - start;
            coroutines[i] = coroutine;
        }
        foreach (Coroutine coroutine in coroutines)
            coroutine.ForgetCarrier();
    }

    private static string Median(long[] ticks, int start)
    {
        long[] window = ticks.AsSpan(start, Window).ToArray();
        Array.Sort(window);
        return (window[Window / 2] * 1e6 / Stopwatch.Frequency).ToString("F3", CultureInfo.InvariantCulture);
    }
}
