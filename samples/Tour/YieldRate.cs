using System.Diagnostics;

namespace GreenThreads.Tour;

/// <summary>Two green threads that do nothing but let each other run.</summary>
internal static class YieldRate
{
    private const long WarmUpYields = 200_000;

    private static readonly TimeSpan s_compilation = TimeSpan.FromMilliseconds(300);

    internal static YieldFigures Run(long yields, CancellationToken stop)
    {
        // With two schedulers each would soon have one to itself, and a yield nobody to switch to.
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "yield" });
        // The runtime compiles what is hot once more, a little later and on a thread of its own.
        for (int i = 0; i < 3; i++)
        {
            YieldInTurn(group, WarmUpYields, stop);
            stop.WaitHandle.WaitOne(s_compilation);
        }
        double seconds = YieldInTurn(group, yields, stop);
        return new YieldFigures(yields, yields / seconds, seconds * 1e9 / yields);
    }

    // Both are spawned by a green thread, so that neither runs before both are there: alone, a yield finds nobody to switch to.
    private static double YieldInTurn(SchedulerGroup group, long yields, CancellationToken stop) => group.Spawn(() =>
    {
        long first = yields / 2;
        long start = Stopwatch.GetTimestamp();
        GreenThread one = GreenThread.Spawn(() => Yield(first, stop));
        GreenThread two = GreenThread.Spawn(() => Yield(yields - first, stop));
        one.Join();
        two.Join();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }).Result;

    private static void Yield(long count, CancellationToken stop)
    {
        const int batch = 10_000;
        while (count > 0)
        {
            stop.ThrowIfCancellationRequested();
            for (int i = 0; i < batch && count > 0; i++, count--)
                GreenThread.Yield();
        }
    }
}

/// <summary>What came of it.</summary>
internal sealed record YieldFigures(long Yields, double YieldsPerSecond, double NanosecondsPerYield);
