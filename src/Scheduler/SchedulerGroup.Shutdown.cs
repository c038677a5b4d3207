using Microsoft.Extensions.Logging;

namespace GreenThreads;

// The end of a group.
//
//   Open       everybody may spawn
//   Draining   only its own green threads may, and what they have awaited; the shutdown waits until those that are no daemons, and async void methods that
//              they have started, have ended, or the drain is over
//   Canceling  nobody may; every park and yield throws GreenThreadCanceledException, and whoever is parked is woken for it. Then the AtExit
//              callbacks run (SchedulerGroup.Exit.cs), as green threads that are exempt from all this, and so are their children
//   Stopped    nobody is left: the monitor and the waiter threads end, then the schedulers
//
// All of it runs on an OS thread of its own, the closer; whoever calls Shutdown only waits for that. So it goes on when the caller's wait ends early: a
// green thread of another group may be cancelled meanwhile, an OS thread interrupted.
//
// Who ends a green thread counts it with a plain store and then reads the phase; who changes the phase forces a fence on all processors and then counts
// (Dekker, with all of the cost on the rare side). Two that end at once while the group closes each fence between their own count and the sum.
//
// If some do not end, for example because they are stuck in native code, the shutdown reports them and returns; the last of them to end stops the group.
public sealed partial class SchedulerGroup
{
    // From the end of the drain to the report: cancelled green threads and exit callbacks share it. What remains of a second is for the report and the OS threads.
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(750);

    // Of the grace, for cancelled green threads before the callbacks begin.
    private static readonly TimeSpan s_graceBeforeExit = TimeSpan.FromMilliseconds(500);

    // Stacks are taken of this many only, and for this long: each costs some hundred microseconds.
    private const int MaximumReportedStacks = 100;
    private static readonly TimeSpan s_timeForStacks = TimeSpan.FromMilliseconds(100);

    private readonly Signal _drained = new();
    private readonly Signal _closed = new();

    private volatile Phase _phase;
    private volatile Signal? _nobodyLeft;
    private volatile bool _isAbandoned;
    private int _isClosing;
    private int _hasBegunToStop;
    private ShutdownReport? _report;

    private enum Phase
    {
        Open,
        Draining,
        Canceling,
        Stopped,
    }

    /// <summary>Whether parks and yields of its green threads throw.</summary>
    internal bool IsCanceling => _phase >= Phase.Canceling;

    /// <summary>
    /// Ends the group: refuses new green threads from outside, waits for those that are no daemons, cancels what is left after the time
    /// (<see cref="GreenThreadCanceledException"/> out of each park), runs the <see cref="AtExit"/> callbacks, and ends the OS threads. Returns within a
    /// second after the drain. A second call waits for the first and returns its report. Parks the calling green thread of another group; blocks a plain
    /// OS thread. If that wait is cut short, the shutdown goes on all the same.
    /// </summary>
    /// <param name="drain">How long green threads have to end by themselves; zero cancels at once, <see cref="Timeout.InfiniteTimeSpan"/> never.</param>
    /// <returns>What came of it; <see cref="ShutdownReport.Unfinished"/> names those that did not end.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative and not infinite.</exception>
    /// <exception cref="InvalidOperationException">The caller is a green thread of this group, which would wait for itself.</exception>
    /// <exception cref="GreenThreadCanceledException">The caller's own group is being shut down meanwhile.</exception>
    public ShutdownReport Shutdown(TimeSpan drain)
    {
        Deadline drainEnd = Deadline.After(drain);
        if (GreenThread.Current?.Group == this)
            throw new InvalidOperationException("a green thread cannot shut its own group down: it would wait for its own end");
        bool isFirst = Interlocked.Exchange(ref _isClosing, 1) == 0;
        if (isFirst)
            StartCloser(drainEnd);
        Waiter self = Waiter.Current;
        self.WaitsForNothingElse = isFirst && drainEnd.IsNever;
        self.WaitsFor = this;
        try
        {
            _closed.Wait(Deadline.Never);
        }
        finally
        {
            self.WaitsFor = null;
        }
        return _report!;
    }

    /// <summary>Cancels what still runs and ends the group: <see cref="Shutdown"/> without a drain.</summary>
    /// <inheritdoc cref="Shutdown" path="/exception"/>
    public void Dispose() => Shutdown(TimeSpan.Zero);

    /// <summary>The monitor has ended: so do the schedulers.</summary>
    internal void StopSchedulers()
    {
        IsStopping = true;
        Interlocked.MemoryBarrier(); // Pairs with the fence of a scheduler that falls asleep.
        foreach (Scheduler scheduler in Schedulers)
            scheduler.Interrupt();
    }

    private void StartCloser(Deadline drainEnd)
    {
        // No further OS thread to be had: then this one, with the risk that its wait is cut short.
        if (!OsThread.TryStart(new Thread(() => Close(drainEnd)) { IsBackground = true, Name = $"{Name}-closer" }))
            Close(drainEnd);
    }

    private void Close(Deadline drainEnd)
    {
        using OwnOsThreads.Region own = OwnOsThreads.Enter();
        lock (s_defaultGate)
        {
            if (s_default == this)
                s_default = null;
        }
        Enter(Phase.Draining);
        bool hasDrained = _drained.Wait(drainEnd);
        Deadline end = Deadline.After(s_grace);
        Enter(Phase.Canceling);
        ICollection<Thread> boundThreads = _bound.Values; // A copy; none but exit callbacks start any more.
        Cancel();
        WaitUntilNobodyIsLeft(Deadline.After(s_graceBeforeExit));
        IReadOnlyList<Exception> exitFailures = RunExitCallbacks(end);
        IReadOnlyList<UnfinishedGreenThread> unfinished = [];
        bool isComplete = WaitUntilNobodyIsLeft(end);
        if (isComplete)
        {
            Stop();
            WaitForThreads(boundThreads);
        }
        else
        {
            unfinished = FindUnfinished();
            Abandon();
        }
        _report = new ShutdownReport(hasDrained, isComplete, unfinished, exitFailures);
        _closed.Set();
    }

    private void RefuseIfClosed(GreenThread thread, Scheduler? here)
    {
        if (thread.IsExempt)
            return;
        bool isOurs = here is not null || GreenThread.Current?.Group == this || thread is PostedGreenThread;
        if (_phase == Phase.Draining && isOurs)
            return;
        thread.Scheduler = here;
        CountEnd(thread);
        throw isOurs ? new GreenThreadCanceledException() : new InvalidOperationException($"the scheduler group {Name} has been shut down");
    }

    private void Enter(Phase phase)
    {
        _phase = phase;
        Interlocked.MemoryBarrierProcessWide(); // For the order of the stores and loads in CountEnd and Start: see the top.
        OnEndWhileClosing();
    }

    private void OnEndWhileClosing()
    {
        using NoPark noPark = NoPark.Enter(); // Whoever ends is not counted any more: nobody would wait for it.
        Interlocked.MemoryBarrier();
        if (!_drained.IsSet && HasDrained())
            _drained.Set();
        if (_phase < Phase.Canceling || CountAll() != 0)
            return;
        _nobodyLeft?.Set();
        if (_isAbandoned)
            Stop();
    }

    // Each wait has a signal of its own: after nobody was left, exit callbacks may be spawned.
    private bool WaitUntilNobodyIsLeft(Deadline deadline)
    {
        var nobodyLeft = new Signal();
        _nobodyLeft = nobodyLeft;
        OnEndWhileClosing(); // The last may have ended before the signal was there.
        return nobodyLeft.Wait(deadline);
    }

    // Who is not found here starts later, and sees the phase then.
    private void Cancel()
    {
        foreach (GreenThread thread in LivingThreads())
            thread.Wake();
        foreach (Scheduler scheduler in Schedulers)
            scheduler.IsYieldDue = true;
    }

    /// <summary>The group's green threads that have started and not ended.</summary>
    private IEnumerable<GreenThread> LivingThreads() => GreenRuntime.Mode == GreenRuntimeMode.Bound
        ? _bound.Keys
        : Coroutine.All().Select(static coroutine => coroutine.Tenant).OfType<GreenThread>().Where(thread => thread.Group == this);

    private List<UnfinishedGreenThread> FindUnfinished()
    {
        var unfinished = new List<UnfinishedGreenThread>();
        Deadline stacksEnd = Deadline.After(s_timeForStacks);
        foreach (GreenThread thread in LivingThreads())
        {
            if (thread.State == GreenThreadState.Ended)
                continue;
            bool hasStack = unfinished.Count < MaximumReportedStacks && !stacksEnd.HasPassed;
            IReadOnlyList<string> stack = hasStack ? thread.MethodsFromOutside() : [];
            unfinished.Add(new UnfinishedGreenThread(thread, stack));
            if (hasStack && _logger.IsEnabled(LogLevel.Warning))
            {
                (string name, string site, string methods) = (thread.ToString(), thread.SpawnSite, string.Join(" < ", stack));
                Log.Post(() => LogUnfinished(_logger, Name, name, site, methods));
            }
        }
        return unfinished;
    }

    private void Abandon()
    {
        _isAbandoned = true;
        OnEndWhileClosing(); // The last may have ended meanwhile.
    }

    private void Stop()
    {
        if (Interlocked.Exchange(ref _hasBegunToStop, 1) != 0)
            return;
        _phase = Phase.Stopped;
        Unregister();
        HandleWaiters.Stop();
        BlockingPool.Stop();
        ComputePool.Stop();
        Monitor.Stop();
    }

    // Blocks for as long as theirs take to end, which is no longer than one look around.
    private void WaitForThreads(IEnumerable<Thread> boundThreads)
    {
        Monitor.WaitForEnd();
        HandleWaiters.WaitForEnd();
        BlockingPool.WaitForEnd();
        ComputePool.WaitForEnd();
        foreach (Scheduler scheduler in Schedulers)
            scheduler.WaitForEnd(Timeout.InfiniteTimeSpan);
        foreach (Thread thread in boundThreads)
            thread.Join();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The scheduler group {Group} is shut down, but {Thread}, spawned at {Site}, does not end: {Stack}")]
    private static partial void LogUnfinished(ILogger logger, string group, string thread, string site, string stack);
}
