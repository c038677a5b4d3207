namespace GreenThreads;

// What goes on in the process that might wake somebody of the group although nothing shows that it knows any of them: a report of a deadlock is held back for it.
//
// What was there already when the group began does not count, as far as numbers tell: it cannot have been started by one of the group's green threads, and a
// process with a web server or a test host in it would never be quiet otherwise.
internal sealed class OutsideActivity
{
    private readonly SchedulerGroup _group;

    // Taken when the group begins, and smaller whenever they are found smaller.
    private int _busyWorkers;
    private long _timers;

    internal OutsideActivity(SchedulerGroup group)
    {
        _group = group;
        _busyWorkers = CountBusyWorkers();
        _timers = Timer.ActiveCount;
    }

    /// <summary>Whether anything is under way. May block for a moment, for locks of the framework's: not for the monitor.</summary>
    /// <param name="parked">OS threads that are known to wait for good.</param>
    internal bool MayWakeAnybody(IReadOnlyList<OsThreadWaiter> parked)
    {
        // In the order in which one leads to the next: what is gone at one of these steps has become what the next ones see, or is done.
        bool isQuiet = !_group.HasLivingNeighbours() && AsyncWaiter.Pending == 0;
        long timers = Timer.ActiveCount;
        isQuiet &= timers <= _timers && ThreadPool.PendingWorkItemCount == 0;
        int busy = CountBusyWorkers() - parked.Count(static thread => thread.IsOfThreadPool);
        isQuiet &= busy <= _busyWorkers && !ForeignOsThreads.HasAnySince(_group.Monitor.OsThreadId, parked);
        _busyWorkers = Math.Min(_busyWorkers, busy);
        _timers = Math.Min(_timers, timers);
        return !isQuiet;
    }

    private static int CountBusyWorkers()
    {
        ThreadPool.GetMaxThreads(out int all, out _);
        ThreadPool.GetAvailableThreads(out int available, out _);
        return all - available;
    }
}
