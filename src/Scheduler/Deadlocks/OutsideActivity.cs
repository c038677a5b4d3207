namespace GreenThreads;

// What goes on in the process that might wake somebody of the group although nothing shows that it knows any of them: a report of a deadlock is held back for it.
//
// Three degrees, by what is waited for (DeadlockLook.OldestWithoutOwner):
//
//   locks that have an owner, ends of green threads   what was there when the group began does not count, as far as numbers tell: a process with a web server or a
//                                                     test host in it would never be quiet otherwise
//   primitives without an owner                       besides, what shows in no number holds it back: handlers of signals, child processes, sockets of the framework's
//   ... one of them older than the group              everything counts: who feeds it may have been started before the group, and have the reference in a closure
//                                                     or a field, as a reader of the console, a timer, a file watcher
internal sealed class OutsideActivity
{
    private readonly SchedulerGroup _group;

    private readonly long _lastPrimitive = GreenPrimitive.LastNumber;

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
    /// <param name="look">Who is known to wait for good, and for what.</param>
    internal bool MayWakeAnybody(DeadlockLook look)
    {
        IReadOnlyList<OsThreadWaiter> parked = look.OsThreads;
        bool isAnyOlder = look.OldestWithoutOwner <= _lastPrimitive;
        // In the order in which one leads to the next: what is gone at one of these steps has become what the next ones see, or is done.
        bool isQuiet = !_group.HasLivingNeighbours() && AsyncWaiter.Pending == 0;
        if (look.OldestWithoutOwner != long.MaxValue)
            isQuiet = isQuiet && !Interop.HasChildProcesses() && !ForeignSockets.HaveAny();
        long timers = Timer.ActiveCount;
        isQuiet &= timers <= (isAnyOlder ? 0 : _timers) && ThreadPool.PendingWorkItemCount == 0;
        int busy = CountBusyWorkers() - parked.Count(static thread => thread.IsOfThreadPool);
        isQuiet &= busy <= (isAnyOlder ? 0 : _busyWorkers);
        isQuiet = isQuiet && !ForeignOsThreads.HasAny(isAnyOlder ? null : _group.Monitor.OsThreadId, parked, handlersToo: look.OldestWithoutOwner != long.MaxValue);
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
