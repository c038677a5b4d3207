using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace GreenThreads;

// One OS thread that runs green threads, with an event loop, timers and a run queue of its own.
//
// Its code runs on two kinds of stack: on its OS thread's own (the carrier's: RunUntilStopped, Search, Sleep), and on the stack of a green thread that
// parks, yields or ends and looks for the next one itself (FindWork, LeaveFor). Both run on the one OS thread, never at the same time, so what is
// marked "owner scheduler only" needs no lock. What others may touch says so: the ring of the run queue (thieves), the timers (behind their gate), the
// event loop (the monitor polls for a stuck owner), the queue of affine green threads.
//
//   Scheduler.cs           the carrier's loop
//   Scheduler.Queues.cs    where a runnable green thread goes
//   Scheduler.FindWork.cs  which green thread is next
//   Scheduler.Search.cs    nothing to run: look at the others
//   Scheduler.Sleep.cs     nothing anywhere: sleep in the poller, and be woken
//   Scheduler.Switch.cs    park, yield, end: leaving one stack for the next
//   Scheduler.Pool.cs      coroutines for green threads that start
//   Scheduler.Counters.cs  what it counts, for tools
//
// A spare scheduler (SchedulerMonitor) is the same, but it works only while it is needed: retired, it takes no work, hands on what it has and sleeps.
// Its OS thread stays until its group ends, for the next time and because parked green threads that it ran last still name it to the runtime
// (docs/stacks.md).
internal sealed unsafe partial class Scheduler
{
    // The scheduler whose carrier the calling OS thread is. Belongs to the carrier's own Thread: null on green threads.
    [ThreadStatic]
    private static Scheduler? t_ofThisOsThread;

    private readonly SleepProtocol _sleepers;
    private readonly List<WaitNode> _ready = []; // Owner scheduler only.
    private Carrier* _carrier;
    private Thread? _thread;

    /// <summary>Creates a scheduler; <see cref="Start"/> gives it its OS thread.</summary>
    internal Scheduler(SchedulerGroup group, int index, SchedulerKind kind, ILogger logger)
    {
        Group = group;
        Index = index;
        IsSpare = kind != SchedulerKind.Regular;
        IsHost = kind == SchedulerKind.Host;
        _isRetired = IsHost;
        Name = kind switch
        {
            SchedulerKind.Spare => $"{group.Name}-spare-{index}",
            SchedulerKind.Host => $"{group.Name}-host-{index}",
            _ => $"{group.Name}-{index}",
        };
        _sleepers = group.Sleepers;
        _reserve = CoroutineReserve.Of(group.StackReserve);
        _usedReserve = CoroutineReserve.OfUsed(group.StackReserve);
        (_random, _isShaken) = SeedOf(group.Seed, index);
        // A spare may retire with operations under way: it has no rings, and its green threads wait as with epoll.
        EventLoop = new EventLoop(logger, IsSpare ? EventLoopEngine.Epoll : group.Engine);
    }

    internal SchedulerGroup Group { get; }

    /// <summary>Its place in the group, and its bit in the group's <see cref="SleepProtocol"/>.</summary>
    internal int Index { get; }

    /// <summary>A host too.</summary>
    internal bool IsSpare { get; }

    /// <summary>Whether it only carries green threads that are about to block, one at a time (BlockingHosts.cs). It is retired for ever then.</summary>
    internal bool IsHost { get; }

    internal string Name { get; }

    internal EventLoop EventLoop { get; }

    /// <summary>
    /// Where descriptors are registered that are first waited for here. Not a spare's own event loop: the registration would stay when the spare retires.
    /// </summary>
    internal EventLoop LoopForRegistrations => IsSpare ? Group.RegularSchedulers[Index % Group.RegularSchedulers.Length].EventLoop : EventLoop;

    /// <summary>The green thread that it runs now, if any. For tools: may be stale when another thread reads it.</summary>
    internal GreenThread? Running { get; private set; }

    /// <summary>The OS thread's id, 0 before it has started. For the monitor.</summary>
    internal int OsThreadId { get; private set; }

    /// <summary>The scheduler on whose OS thread the caller runs, on whichever stack.</summary>
    internal static Scheduler? Current
    {
        get
        {
            Coroutine? coroutine = Coroutine.Current;
            if (coroutine is null)
                return t_ofThisOsThread;
            // SAFETY: the carrier of a running coroutine is alive, and its owner is the handle of the scheduler that made it.
            nint owner = coroutine.Carrier->Owner;
            return owner == 0 ? null : Unsafe.As<Scheduler>(GCHandle.FromIntPtr(owner).Target);
        }
    }

    internal bool IsCurrent => Current == this;

    internal bool HasStarted => _thread is not null;

    /// <summary>Gives it an OS thread of its own.</summary>
    /// <exception cref="GreenThreadLimitException">The system gives no further OS thread.</exception>
    internal void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = Name };
        if (!OsThread.TryStart(_thread))
        {
            _thread = null;
            throw new GreenThreadLimitException("the system gives no further OS thread", "ulimit -u, kernel.threads-max or the cgroup's pids.max");
        }
    }

    /// <summary>Runs it on the calling OS thread, until its group ends.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "What escapes here has no caller; the process must end with the reason.")]
    internal void Run()
    {
        try
        {
            using OwnOsThreads.Region own = OwnOsThreads.Enter();
            t_ofThisOsThread = this;
            OsThreadId = Interop.gettid();
            SynchronizationContext? callers = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(BlockingContext.Instance);
            if (GreenRuntime.Mode == GreenRuntimeMode.Switched)
                AttachCarrier();
            RunUntilStopped();
            if (_carrier is not null)
                DetachCarrier();
            // Nobody polls it any more: the monitor has ended.
            EventLoop.Dispose();
            SynchronizationContext.SetSynchronizationContext(callers);
            t_ofThisOsThread = null;
        }
        catch (Exception exception)
        {
            Environment.FailFast($"GreenThreads: scheduler {Name} met what it cannot handle", exception);
        }
    }

    /// <summary>Waits for its OS thread to end. Blocks.</summary>
    internal bool WaitForEnd(TimeSpan timeout) => _thread?.Join(timeout) ?? true;

    /// <summary>Makes its current or next sleep end. Any thread.</summary>
    internal void Interrupt() => EventLoop.Interrupt();

    private void RunUntilStopped()
    {
        while (true)
        {
            if ((TakeHandOff() ?? FindWork() ?? Search()) is { } next)
            {
                EndSearch();
                RunOnCarrier(next);
            }
            else if (Group.IsStopping)
            {
                EndSearch();
                return;
            }
            else
            {
                Sleep();
            }
        }
    }

    // From the carrier's stack, until somebody finds nothing more to run.
    private void RunOnCarrier(GreenThread next)
    {
        if (next.Coroutine is null && !TryGiveNewCoroutine(next))
            return;
        Mount(next);
        next.Coroutine!.Resume(_carrier);
        FinishSwitch();
    }

    private void AttachCarrier()
    {
        _carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
        _carrier->Owner = GCHandle.ToIntPtr(GCHandle.Alloc(this));
        PreparePool();
    }

    // Its group has no green thread left, so nobody uses the carrier any more.
    private void DetachCarrier()
    {
        _pool.MoveExcessTo(_reserve, left: 0);
        GiveUsedAway();
        Coroutine.GiveLargeStackBack(_carrier);
        GCHandle.FromIntPtr(_carrier->Owner).Free();
        Carrier.Release(_carrier);
        _carrier = null;
    }
}
