namespace GreenThreads.Tests;

/// <summary>What became of the managed waits of a group, summed up.</summary>
internal static class WaitCounters
{
    internal static ManagedWaits WaitsOf(SchedulerGroup group)
    {
        IReadOnlyList<SchedulerSnapshot> schedulers = group.Snapshot().Schedulers;
        return new ManagedWaits
        {
            AtOnce = schedulers.Sum(static scheduler => scheduler.ManagedWaits.AtOnce),
            AfterYield = schedulers.Sum(static scheduler => scheduler.ManagedWaits.AfterYield),
            HandedOver = schedulers.Sum(static scheduler => scheduler.ManagedWaits.HandedOver),
            LookedAt = schedulers.Sum(static scheduler => scheduler.ManagedWaits.LookedAt),
        };
    }

    /// <summary>Of one scheduler and no spare ones: who blocks its OS thread stops everybody.</summary>
    internal static SchedulerGroup NewGroup(string name = "waits", int waiterThreads = 128) =>
        new(new SchedulerGroupOptions { Name = name, Schedulers = 1, MaximumSpareSchedulers = 0, MaximumWaiterThreads = waiterThreads });

    /// <summary>OS threads of the process whose names begin so.</summary>
    internal static int OsThreadsNamed(string beginning)
    {
        int count = 0;
        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(task, "comm")).StartsWith(beginning, StringComparison.Ordinal))
                    count++;
            }
            catch (IOException)
            {
                // It has ended.
            }
        }
        return count;
    }

    internal static void Eventually(Func<bool> condition, string failure) => Assert.True(SpinWait.SpinUntil(condition, TimeLimit.Generous), failure);
}
