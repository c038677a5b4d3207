using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace GreenThreads;

// One OS thread that runs green threads, with an event loop, timers and a run queue of its own.
//
// Its code runs on two kinds of stack: on its OS thread's own (the carrier's: Run, Sleep), and on the stack of a green thread that parks,
// yields or ends and looks for the next one itself (FindWork, LeaveFor). Both run on the one OS thread, never at the same time, so what is
// marked "owner scheduler only" needs no lock. Everything that comes from other threads goes through the injection queue.
//
//   Scheduler.cs           the carrier's loop
//   Scheduler.FindWork.cs  which green thread is next
//   Scheduler.Switch.cs    park, yield, end: leaving one stack for the next
//   Scheduler.Sleep.cs     nothing to run: sleep in the poller, and be woken
internal sealed unsafe partial class Scheduler
{
    // The scheduler whose carrier the calling OS thread is. Belongs to the carrier's own Thread: null on green threads.
    [ThreadStatic]
    private static Scheduler? t_ofThisOsThread;

    private readonly ILogger _logger;
    private readonly Action _runTenants;

    // Owner scheduler only, from here on.
    private readonly RunQueue _queue = new();
    private readonly TimerHeap _timers = new();
    private readonly CoroutinePool _pool = new();
    private readonly List<Waiter> _ready = [];
    private Carrier* _carrier;

    /// <summary>Creates a scheduler; <see cref="Start"/> gives it its OS thread.</summary>
    internal Scheduler(SchedulerGroup group, int index, ILogger logger)
    {
        Group = group;
        Name = $"{group.Name}-{index}";
        _logger = logger;
        _runTenants = RunTenants;
        EventLoop = new EventLoop(logger);
    }

    internal SchedulerGroup Group { get; }

    internal string Name { get; }

    internal EventLoop EventLoop { get; }

    /// <summary>The green thread that it runs now, if any. For tools: may be stale when another thread reads it.</summary>
    internal GreenThread? Running { get; private set; }

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

    internal void Start() => new Thread(Run) { IsBackground = true, Name = Name }.UnsafeStart();

    /// <summary>Makes a green thread runnable here. Owner scheduler only, on any of its stacks.</summary>
    internal void Enqueue(GreenThread thread)
    {
        if (!_queue.TryPush(thread))
            _injected.Enqueue(thread);
    }

    [SuppressMessage("Design", "CA1031", Justification = "What escapes here has no caller; the process must end with the reason.")]
    private void Run()
    {
        try
        {
            t_ofThisOsThread = this;
            if (GreenRuntime.Mode == GreenRuntimeMode.Switched)
                AttachCarrier();
            while (true)
            {
                if ((TakeHandOff() ?? FindWork()) is { } next)
                    RunOnCarrier(next);
                else
                    Sleep();
            }
        }
        catch (Exception exception)
        {
            Environment.FailFast($"GreenThreads: scheduler {Name} met what it cannot handle", exception);
        }
    }

    private void AttachCarrier()
    {
        _carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
        _carrier->Owner = GCHandle.ToIntPtr(GCHandle.Alloc(this));
        if (GreenRuntime.TakeSpareCoroutine() is { } spare)
        {
            spare.CarriesExceptions = false;
            spare.Start(_runTenants);
            _pool.Return(spare);
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

    private bool TryGiveNewCoroutine(GreenThread next)
    {
        if (!_pool.TryTake(out Coroutine? coroutine))
        {
            try
            {
                coroutine = Coroutine.Create(_carrier);
            }
            catch (Exception exception) when (Group.KeepsExceptions && exception is (GreenThreadLimitException or SystemCallException))
            {
                next.Fail(exception);
                return false;
            }
            coroutine.CarriesExceptions = false;
            coroutine.Start(_runTenants);
        }
        Assign(coroutine!, next);
        return true;
    }
}
