using System.Runtime.InteropServices;

namespace GreenThreads;

public sealed partial class SchedulerGroup
{
    /// <summary>
    /// Says what the group is doing. Nobody is stopped for it, so the numbers are of about the same moment only. Takes about a millisecond per 10,000
    /// green threads that have started. Any thread; does not park.
    /// </summary>
    public SchedulerGroupSnapshot Snapshot()
    {
        var parked = new Dictionary<Scheduler, int>();
        int parkedInAll = 0;
        foreach (GreenThread thread in LivingThreads())
        {
            if (thread.State != GreenThreadState.Parked)
                continue;
            parkedInAll++;
            if (thread.Scheduler is { } scheduler)
                CollectionsMarshal.GetValueRefOrAddDefault(parked, scheduler, out _)++;
        }
        long live = EstimateLive(daemonsToo: false);
        return new SchedulerGroupSnapshot
        {
            Name = Name,
            Live = live,
            LiveDaemons = Math.Max(EstimateLive(daemonsToo: true) - live, 0),
            Spawned = CountSpawned(daemonsToo: true),
            Parked = parkedInAll,
            Injected = Injected.Count,
            WaiterThreads = HandleWaiters.ThreadCount,
            BlockingThreads = BlockingPool.ThreadCount,
            ComputeThreads = ComputePool.ThreadCount,
            Schedulers = [.. Schedulers.Select(scheduler => scheduler.Snapshot(parked.GetValueOrDefault(scheduler)))],
        };
    }
}
