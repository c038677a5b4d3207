using System.Text;

namespace GreenThreads.Tests;

/// <summary>What a test that hangs says of it: a hang that comes once in a thousand runs must tell all the first time.</summary>
internal static class HangReport
{
    private const int MostThreads = 40;

    /// <summary>The schedulers of the group that tests share, and those of its green threads that were spawned in a file.</summary>
    internal static string Of(string file)
    {
        SchedulerGroup group = SchedulerGroup.Default;
        SchedulerGroupSnapshot snapshot = group.Snapshot();
        var text = new StringBuilder().AppendLine().AppendLine(snapshot.ToString());
        foreach (SchedulerSnapshot scheduler in snapshot.Schedulers)
            text.AppendLine(scheduler.ToString());
        foreach (GreenThread thread in group.LivingThreadsForTools.Where(thread => thread.SpawnSite.Contains(file, StringComparison.Ordinal)).Take(MostThreads))
        {
            text.AppendLine($"{thread} of {thread.SpawnSite}, waits for {thread.WaitsFor ?? "nothing known"}, is {(thread.IsInList ? "" : "not ")}in a list, "
                + $"home {thread.Home?.Name ?? "none"}, {thread.ParkState}{(thread.IsCanceled ? ", cancelled" : "")}");
            foreach (string method in thread.MethodsFromOutside())
                text.AppendLine($"    {method}");
        }
        return text.ToString();
    }
}
