using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace GreenThreads;

// The monitor: an OS thread that looks at the schedulers of its group every few milliseconds, so that none of them can stop the others.
//
// A scheduler that has not picked a green thread since the last look runs the same one (Scheduler.Picks). After a first look like that:
//   - the slot of its queue goes to the injection queue, a lone entry of its ring may be stolen, and YieldIfDue will yield there.
// After MonitorThreshold it is stuck:
//   - it is told apart whether it is in native code (its CLR Thread is in preemptive mode: a blocking call, a contended lock) or computes;
//     one line is logged for each site and minute (SchedulerMonitor.Report.cs), from the thread pool: the monitor runs no code of a user's;
//   - the monitor polls its epoll set and its timers for it, and wakes whom they concern into the injection queue;
//   - the longest stretch that it was blocked in the kernel is kept (SchedulerMonitor.Blocks.cs);
//   - if all schedulers are stuck and work waits, a spare one starts; it retires when a regular one is back (SchedulerMonitor.Spares.cs).
// Affine green threads of a stuck scheduler wait until it is back: no other OS thread may run them.
//
// Time is counted in looks, not read from the clock: a collection, or a machine that stands still, stops the monitor together with everybody else, and
// must not make them all look stuck.
//
// The monitor sleeps while all schedulers sleep: the first that wakes up wakes it (NoteAwake; Dekker).
//
// Rejected:
//   - Handing the scheduler's queue, poller and timers to another OS thread, as Go hands on a P: the green thread that comes back from a blocking call
//     of somebody else's has no hook, and would go on with a scheduler that is no longer its own.
//   - Letting another scheduler sleep in the stuck one's poller too (an epoll set within an epoll set): it saves the hop over the monitor, and must be
//     handed on again when that scheduler gets stuck itself.
internal sealed partial class SchedulerMonitor
{
    // Looks with everybody asleep before the monitor sleeps too, so that a trickle of work does not wake it each time.
    private const int QuietLooks = 2;

    // Who computes is asked by a signal, which a thread that has no processor just now does not answer in time.
    private const int MaximumLooksForName = 20;

    // How long idle coroutines must not have been needed before they are ended. A guess.
    private static readonly TimeSpan s_reviewInterval = TimeSpan.FromSeconds(10);

    private readonly SchedulerGroup _group;
    private readonly ILogger _logger;
    private readonly TimeSpan _threshold;
    private readonly TimeSpan _tick;
    private readonly List<WaitNode> _ready = [];
    private readonly List<Watch> _watches = [];
    private readonly ManualResetEventSlim _wake = new(initialState: false, spinCount: 0);
    private Thread? _thread;
    private Deadline _nextReview = Deadline.After(s_reviewInterval);
    private bool _hasReserve;
    private volatile bool _isAsleep;
    private volatile bool _isStopping;

    internal SchedulerMonitor(SchedulerGroup group, TimeSpan threshold, ILogger logger)
    {
        _group = group;
        _logger = logger;
        _threshold = threshold;
        // Four looks to a threshold; poll(2) counts in milliseconds.
        _tick = TimeSpan.FromMilliseconds(Math.Clamp(Math.Floor(threshold.TotalMilliseconds / 4), 1, 100));
    }

    /// <summary>What the monitor remembers of a scheduler.</summary>
    private sealed class Watch(Scheduler scheduler)
    {
        internal Scheduler Scheduler { get; } = scheduler;

        internal long Picks { get; set; }

        /// <summary>How long it has picked nothing.</summary>
        internal TimeSpan Unchanged { get; set; }

        /// <summary>How long it has been blocked, from the first look at which it was; null if it was not at the last one.</summary>
        internal TimeSpan? Blocked { get; set; }

        /// <summary>Something lay in its ring at the last look.</summary>
        internal bool HadBacklog { get; set; }

        /// <summary>Who is stuck there and is still to be reported, because its method has no name so far.</summary>
        internal GreenThread? Nameless { get; set; }

        /// <summary>Looks that are left to find one.</summary>
        internal int LooksForName { get; set; }

        internal bool IsComputing { get; set; }
    }

    /// <summary>The OS thread's id, 0 before it has started.</summary>
    internal int OsThreadId { get; private set; }

    internal void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = $"{_group.Name}-monitor" };
        if (!OsThread.TryStart(_thread))
            throw new GreenThreadLimitException("the system gives no further OS thread", "ulimit -u, kernel.threads-max or the cgroup's pids.max");
    }

    /// <summary>Ends the monitor, which then stops the schedulers. Any thread.</summary>
    internal void Stop()
    {
        _isStopping = true;
        WakeUp();
    }

    /// <summary>Waits for its OS thread to end. Blocks.</summary>
    internal void WaitForEnd() => _thread?.Join();

    /// <summary>A scheduler has left its sleep. Called by the scheduler, after it said so.</summary>
    internal void NoteAwake()
    {
        Interlocked.MemoryBarrier(); // Pairs with the one in SleepWhileAllSleep.
        if (_isAsleep)
            WakeUp();
    }

    // The event has a lock, and the caller may be a green thread in the middle of something.
    private void WakeUp()
    {
        using (NoPark.Enter())
            _wake.Set();
    }

    [SuppressMessage("Design", "CA1031", Justification = "What escapes here has no caller; the process must end with the reason.")]
    private void Run()
    {
        try
        {
            using OwnOsThreads.Region own = OwnOsThreads.Enter();
            OsThreadId = Interop.gettid();
            // The first asks for names examine the runtime: here, rather than in a green thread that waits for a lock.
            if (GreenRuntime.Mode == GreenRuntimeMode.Switched)
                _ = ManagedFrames.IsAvailable;
            long lastLook = Stopwatch.GetTimestamp();
            int quietLooks = 0;
            while (!_isStopping)
            {
                if (quietLooks >= QuietLooks)
                {
                    SleepWhileAllSleep();
                    quietLooks = 0;
                }
                WaitForStuckOrTick();
                ServeStuck();
                TimeSpan elapsed = Stopwatch.GetElapsedTime(lastLook);
                if (elapsed < _tick)
                    continue;
                lastLook = Stopwatch.GetTimestamp();
                if (_nextReview.HasPassed)
                    ReviewReserve();
                quietLooks = LookAtAll(elapsed < _tick * 2 ? elapsed : _tick * 2) ? 0 : quietLooks + 1;
            }
            _group.StopSchedulers();
        }
        catch (Exception exception)
        {
            Environment.FailFast($"GreenThreads: the monitor of the group {_group.Name} met what it cannot handle", exception);
        }
    }

    private void SleepWhileAllSleep()
    {
        _hasReserve = GreenRuntime.Mode == GreenRuntimeMode.Switched && CoroutineReserve.MayShrink;
        _wake.Reset();
        _isAsleep = true;
        Interlocked.MemoryBarrier(); // Pairs with the one in NoteAwake.
        _group.Deadlocks?.BeginQuiet();
        while (!_isStopping && _group.AreAllButHostsAsleep && !_wake.Wait(MillisecondsUntilReview()))
        {
            if (_hasReserve && _nextReview.HasPassed)
                ReviewReserve();
            if (_group.Deadlocks is { NextLook.HasPassed: true } deadlocks)
                deadlocks.Look();
        }
        _isAsleep = false;
    }

    // What there is to do although all sleep. Rounded up, so that what is left of a millisecond is not a loop of waits for no time.
    private int MillisecondsUntilReview()
    {
        Deadline next = Deadline.Earlier(_hasReserve ? _nextReview : Deadline.Never, _group.Deadlocks?.NextLook ?? Deadline.Never);
        return next.IsNever ? Timeout.Infinite : (int)Math.Min(Math.Ceiling(next.Remaining.TotalMilliseconds), int.MaxValue);
    }

    // Every monitor does it; the reserve is the process's.
    private void ReviewReserve()
    {
        _nextReview = Deadline.After(s_reviewInterval);
        _hasReserve = GreenRuntime.Mode == GreenRuntimeMode.Switched && CoroutineReserve.Review();
    }

    /// <summary>Returns whether anybody is awake.</summary>
    private bool LookAtAll(TimeSpan elapsed)
    {
        Scheduler[] schedulers = _group.Schedulers;
        // One whose OS thread could not be started is gone again, and another may have its place.
        while (_watches.Count > 0 && (_watches.Count > schedulers.Length || _watches[^1].Scheduler != schedulers[_watches.Count - 1]))
            _watches.RemoveAt(_watches.Count - 1);
        for (int i = _watches.Count; i < schedulers.Length; i++)
            _watches.Add(new Watch(schedulers[i]));
        bool isAnyAwake = false;
        foreach (Watch watch in _watches)
        {
            if (watch.Scheduler.IsHost)
                continue;
            isAnyAwake |= !watch.Scheduler.IsAsleep;
            LookAt(watch, elapsed);
        }
        BalanceSpares();
        return isAnyAwake;
    }

    private void LookAt(Watch watch, TimeSpan elapsed)
    {
        Scheduler scheduler = watch.Scheduler;
        long picks = scheduler.Picks;
        if (picks != watch.Picks || scheduler.IsAsleep || scheduler.Running is not { } running)
        {
            if (watch.Nameless is { } nameless)
                Report(watch, nameless, mustBeNow: true);
            watch.Picks = picks;
            watch.Unchanged = TimeSpan.Zero;
            watch.Blocked = null;
            scheduler.IsYieldDue = false;
            if (scheduler.IsStuck)
                scheduler.IsStuck = false;
        }
        else
        {
            watch.Unchanged += elapsed;
            MeasureBlock(watch, running, elapsed);
            scheduler.IsYieldDue = true;
            if (scheduler.TakeNextOfLate() is { } next)
                _group.Inject(next);
            if (watch.Unchanged >= _threshold && !scheduler.IsStuck)
                DeclareStuck(watch, running);
            else if (watch.Nameless == running)
                Report(watch, running, mustBeNow: --watch.LooksForName <= 0);
        }

        // What was in the ring at the last look too has waited for a tick, or something always waits: others shall have it.
        bool hasBacklog = scheduler.HasBacklog;
        if (hasBacklog && watch.HadBacklog)
        {
            scheduler.ShareLast();
            _group.Sleepers.Submitted();
        }
        watch.HadBacklog = hasBacklog;
    }

    private void DeclareStuck(Watch watch, GreenThread running)
    {
        Scheduler scheduler = watch.Scheduler;
        watch.IsComputing = running.Coroutine is { IsInManagedCode: true };
        if (watch.IsComputing)
            Volatile.Write(ref scheduler.StuckComputing, scheduler.StuckComputing + 1);
        else
            Volatile.Write(ref scheduler.StuckInNativeCode, scheduler.StuckInNativeCode + 1);
        scheduler.IsStuck = true;
        scheduler.ShareLast();
        watch.LooksForName = MaximumLooksForName;
        if (_logger.IsEnabled(LogLevel.Warning))
            Report(watch, running, mustBeNow: false);
    }

    private unsafe void WaitForStuckOrTick()
    {
        Scheduler[] schedulers = _group.Schedulers;
        Interop.pollfd* questions = stackalloc Interop.pollfd[schedulers.Length];
        uint count = 0;
        Deadline until = Deadline.After(_tick);
        foreach (Scheduler scheduler in schedulers)
        {
            if (!scheduler.IsStuck)
                continue;
            questions[count++] = new Interop.pollfd { fd = scheduler.EventLoop.PollDescriptor, events = Interop.POLLIN };
            until = Deadline.Earlier(until, scheduler.Timers.NextDeadline);
        }
        long milliseconds = (until.RemainingNanoseconds + 999_999) / 1_000_000;
        // SAFETY: count questions on this stack, used by the kernel during the call only. An interrupted wait is a short one.
        _ = Interop.poll(questions, count, (int)milliseconds);
    }

    private void ServeStuck()
    {
        bool hasWoken = false;
        foreach (Scheduler scheduler in _group.Schedulers)
        {
            if (!scheduler.IsStuck)
                continue;
            // An interrupt was meant for the owner. It has not slept since; if it does by now, it has looked at its queues or needs another.
            if (scheduler.EventLoop.PollOnBehalf(_ready) && scheduler.IsAsleep)
                scheduler.Interrupt();
            hasWoken |= _ready.Count > 0;
            foreach (WaitNode waiter in _ready)
                waiter.Wake();
            _ready.Clear();
            hasWoken |= scheduler.Timers.WakeExpired(Stopwatch.GetTimestamp()) > 0;
        }
        if (hasWoken)
            BalanceSpares();
    }
}
