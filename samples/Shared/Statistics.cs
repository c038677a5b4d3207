namespace GreenThreads.Samples;

/// <summary>What the schedulers did, in one line that programs can read.</summary>
internal static class Statistics
{
    internal static void Print(SchedulerGroupSnapshot group)
    {
        SchedulerSnapshot[] schedulers = [.. group.Schedulers.Where(scheduler => !scheduler.IsSpare)];
        long blocked = schedulers.Sum(scheduler => scheduler.StuckInNativeCode), computed = schedulers.Sum(scheduler => scheduler.StuckComputing);
        double longest = schedulers.Max(scheduler => scheduler.LongestBlock.TotalMilliseconds);
        Console.WriteLine(FormattableString.Invariant(
            $"statistics: schedulers {schedulers.Length}, spawned {group.Spawned}, stuck in native code {blocked}, stuck computing {computed}, longest block {longest:F1} ms"));
    }
}
