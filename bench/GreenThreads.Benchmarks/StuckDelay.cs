using System.Diagnostics;
using System.Globalization;

namespace GreenThreads.Benchmarks;

// By how much does a scheduler that is stuck in native code delay the others? A green thread sleeps a millisecond over and over, and notes the longest
// time by which it came back late; meanwhile another blocks its OS thread for two seconds (Thread.Sleep). For comparison the same without the blocker.
internal static class StuckDelay
{
    private const int Rounds = 5;
    private static readonly TimeSpan s_stuckFor = TimeSpan.FromSeconds(2);

    internal static int Run()
    {
        Console.WriteLine($"Worst delay of a 1 ms ticker in {s_stuckFor.TotalSeconds:F0} s, {Rounds} rounds each, .NET {Environment.Version}, {Environment.ProcessorCount} processors");
        Console.WriteLine();
        Console.WriteLine("| schedulers | blocked in native code | median ms | min | max |");
        Console.WriteLine("|---:|---|---:|---:|---:|");
        foreach (int schedulers in new[] { 1, 2 })
        {
            for (int blocked = 0; blocked <= schedulers; blocked++)
            {
                double[] delays = [.. Enumerable.Range(0, Rounds).Select(_ => Measure(schedulers, blocked)).Order()];
                string row = string.Create(CultureInfo.InvariantCulture, $"| {schedulers} | {blocked} | {delays[Rounds / 2]:F1} | {delays[0]:F1} | {delays[^1]:F1} |");
                Console.WriteLine(row);
            }
        }
        return 0;
    }

    private static double Measure(int schedulers, int blocked)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = schedulers });
        TimeSpan tick = TimeSpan.FromMilliseconds(1);
        GreenThread<double> ticker = group.Spawn(() =>
        {
            long end = Stopwatch.GetTimestamp() + (long)(s_stuckFor.TotalSeconds * Stopwatch.Frequency);
            TimeSpan worst = TimeSpan.Zero;
            while (true)
            {
                long start = Stopwatch.GetTimestamp();
                if (start >= end)
                    return worst.TotalMilliseconds;
                GreenThread.Sleep(tick);
                TimeSpan late = Stopwatch.GetElapsedTime(start) - tick;
                if (late > worst)
                    worst = late;
            }
        });
        GreenThread[] blockers = [.. Enumerable.Range(0, blocked).Select(_ => group.Spawn(() => Thread.Sleep(s_stuckFor)))];
        double result = ticker.Result;
        foreach (GreenThread blocker in blockers)
            blocker.Join();
        return result;
    }
}
