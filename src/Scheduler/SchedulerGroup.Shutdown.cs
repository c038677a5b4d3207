using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace GreenThreads;

// The end of a group.
//
//   Open       everybody may spawn
//   Draining   only its own green threads may; the shutdown waits until those that are no daemons have ended, or the drain is over
//   Canceling  nobody may; every park and yield throws GreenThreadCanceledException, and whoever is parked is woken for it. Then the AtExit
//              callbacks run, as green threads that are exempt from all this
//   Stopped    nobody is left: the monitor ends, then the schedulers
//
// Who ends a green thread counts it with a plain store and then reads the phase; who changes the phase forces a fence on all processors and then counts
// (Dekker, with all of the cost on the rare side). Two that end at once while the group closes each fence between their own count and the sum.
//
// If some do not end, for example because they are stuck in native code, the shutdown reports them and returns; the last of them to end stops the group.
public sealed partial class SchedulerGroup
{
    // From the end of the drain to the return: half of it for cancelled green threads, the rest for the callbacks and the OS threads.
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(800);

    private readonly Lock _exitGate = new();
    private readonly Signal _drained = new();
    private readonly Signal _ended = new();
    private readonly Signal _closed = new();

    // Guarded by _exitGate.
    private readonly Stack<Action> _exitCallbacks = new();
    private bool _isHookedToProcessExit;

    private volatile Phase _phase;
    private int _isClosing;
    private int _hasBegunToStop;
    private volatile bool _isAbandoned;
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
    /// OS thread.
    /// </summary>
    /// <param name="drain">How long green threads have to end by themselves; zero cancels at once, <see cref="Timeout.InfiniteTimeSpan"/> never.</param>
    /// <returns>What came of it; <see cref="ShutdownReport.Unfinished"/> names those that did not end.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative and not infinite.</exception>
    /// <exception cref="InvalidOperationException">The caller is a green thread of this group, which would wait for itself.</exception>
    public ShutdownReport Shutdown(TimeSpan drain)
    {
        Deadline drainEnd = Deadline.After(drain);
        if (GreenThread.Current?.Group == this)
            throw new InvalidOperationException("a green thread cannot shut its own group down: it would wait for its own end");
        if (Interlocked.Exchange(ref _isClosing, 1) != 0)
        {
            _closed.Wait(Deadline.Never);
            return _report!;
        }
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
        _ended.Wait(Deadline.After(s_grace / 2));
        IReadOnlyList<Exception> exitFailures = RunExitCallbacks(end);
        IReadOnlyList<UnfinishedGreenThread> unfinished = [];
        if (_ended.Wait(Deadline.After(TimeSpan.Zero)) || CountAll() == 0)
        {
            Stop();
            WaitForThreads(boundThreads);
        }
        else
        {
            unfinished = FindUnfinished();
            Abandon();
        }
        _report = new ShutdownReport(hasDrained, unfinished, exitFailures);
        _closed.Set();
        return _report;
    }

    /// <summary>Cancels what still runs and ends the group: <see cref="Shutdown"/> without a drain.</summary>
    /// <inheritdoc cref="Shutdown" path="/exception"/>
    public void Dispose() => Shutdown(TimeSpan.Zero);

    /// <summary>
    /// Has a callback run when the group ends: as a green thread, after the others have ended or were cancelled, one after the other, the last registered
    /// first. If the process ends before the group does (Main returns), they run then, for a second at most. Any thread; does not park.
    /// </summary>
    /// <param name="callback">May park. Together they have what is left of the shutdown's last second.</param>
    /// <exception cref="ArgumentNullException">There is no callback.</exception>
    /// <exception cref="InvalidOperationException">The group is being shut down.</exception>
    public void AtExit(Action callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        lock (_exitGate)
        {
            if (_phase != Phase.Open)
                throw new InvalidOperationException($"the scheduler group {Name} is being shut down");
            _exitCallbacks.Push(callback);
            if (_isHookedToProcessExit)
                return;
            _isHookedToProcessExit = true;
            AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
        }
    }

    /// <summary>The monitor has ended: so do the schedulers.</summary>
    internal void StopSchedulers()
    {
        IsStopping = true;
        Interlocked.MemoryBarrier(); // Pairs with the fence of a scheduler that falls asleep.
        foreach (Scheduler scheduler in Schedulers)
            scheduler.Interrupt();
    }

    private void RefuseIfClosed(GreenThread thread, Scheduler? here)
    {
        if (thread.IsExempt || (_phase == Phase.Draining && here is not null))
            return;
        bool isOurs = here is not null || GreenThread.Current?.Group == this;
        if (_phase == Phase.Draining && isOurs)
            return;
        thread.Scheduler = here;
        CountEnd(thread);
        throw isOurs ? new GreenThreadCanceledException() : new InvalidOperationException($"the scheduler group {Name} has been shut down");
    }

    private void Enter(Phase phase)
    {
        _phase = phase;
        Interlocked.MemoryBarrierProcessWide(); // Pairs with nothing but the order of the stores in CountEnd and CountSpawn: see the top.
        OnEndWhileClosing();
    }

    private void OnEndWhileClosing()
    {
        Interlocked.MemoryBarrier();
        if (!_drained.IsSet && CountLive() == 0)
            _drained.Set();
        if (_phase < Phase.Canceling || _ended.IsSet || CountAll() != 0)
            return;
        _ended.Set();
        if (_isAbandoned)
            Stop();
    }

    private long CountAll() => CountLive() + CountLiveDaemons();

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

    private List<Exception> RunExitCallbacks(Deadline end)
    {
        var failures = new List<Exception>();
        while (TryTakeExitCallback(out Action? callback))
        {
            GreenThread thread = Spawn(callback!, new SpawnOptions { Name = $"{Name} exit", IsExempt = true, IsDaemon = true });
            try
            {
                if (!thread.Join(end.Remaining))
                    failures.Add(new TimeoutException($"an exit callback of the scheduler group {Name} did not end in time"));
            }
            catch (Exception exception) when (thread.State == GreenThreadState.Ended)
            {
                failures.Add(exception);
            }
        }
        lock (_exitGate)
        {
            if (_isHookedToProcessExit)
                AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
            _isHookedToProcessExit = false;
        }
        return failures;
    }

    private bool TryTakeExitCallback(out Action? callback)
    {
        lock (_exitGate)
            return _exitCallbacks.TryPop(out callback);
    }

    private void OnProcessExit(object? sender, EventArgs e)
    {
        if (_phase != Phase.Open)
            return;
        foreach (Exception failure in RunExitCallbacks(Deadline.After(TimeSpan.FromSeconds(1))))
            LogExitFailure(_logger, Name, failure);
    }

    private List<UnfinishedGreenThread> FindUnfinished()
    {
        var unfinished = new List<UnfinishedGreenThread>();
        foreach (GreenThread thread in LivingThreads())
        {
            if (thread.State == GreenThreadState.Ended)
                continue;
            IReadOnlyList<string> stack = thread.MethodsFromOutside();
            unfinished.Add(new UnfinishedGreenThread(thread, stack));
            if (_logger.IsEnabled(LogLevel.Warning))
                LogUnfinished(_logger, Name, thread.ToString(), thread.SpawnSite, string.Join(" < ", stack));
        }
        return unfinished;
    }

    private void Abandon()
    {
        _isAbandoned = true;
        OnEndWhileClosing(); // The last may have ended meanwhile.
        if (_ended.IsSet)
            Stop();
    }

    private void Stop()
    {
        if (Interlocked.Exchange(ref _hasBegunToStop, 1) != 0)
            return;
        _phase = Phase.Stopped;
        Monitor.Stop();
    }

    // Blocks the OS thread for as long as theirs take to end, which is no longer than one look around.
    private void WaitForThreads(IEnumerable<Thread> boundThreads)
    {
        long start = Stopwatch.GetTimestamp();
        Monitor.WaitForEnd();
        foreach (Scheduler scheduler in Schedulers)
            scheduler.WaitForEnd(Timeout.InfiniteTimeSpan);
        foreach (Thread thread in boundThreads)
            thread.Join();
        LogStopped(_logger, Name, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The scheduler group {Group} is shut down, but {Thread}, spawned at {Site}, does not end: {Stack}")]
    private static partial void LogUnfinished(ILogger logger, string group, string thread, string site, string stack);

    [LoggerMessage(Level = LogLevel.Error, Message = "An exit callback of the scheduler group {Group} failed")]
    private static partial void LogExitFailure(ILogger logger, string group, Exception exception);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The OS threads of the scheduler group {Group} ended within {Milliseconds} ms")]
    private static partial void LogStopped(ILogger logger, string group, double milliseconds);
}
