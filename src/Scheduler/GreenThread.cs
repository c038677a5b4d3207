using System.Runtime.CompilerServices;

namespace GreenThreads;

/// <summary>
/// A thread of plain blocking code that costs a few kilobytes: when it waits, its OS thread runs others. It has a managed thread id, locks,
/// thread statics and an execution context of its own, as every thread has. All members may be used from any thread.
/// </summary>
public partial class GreenThread : Waiter
{
    private static long s_lastId;

    // Bound mode: the green thread that is the calling OS thread.
    [ThreadStatic]
    private static GreenThread? t_bound;

    // Taken out at the start, so that an ended green thread keeps nothing alive but its result.
    private ExecutionContext? _context;
    private Delegate? _body;
    private ParkState _park;
    private int _permit;

    internal GreenThread(SchedulerGroup group, Delegate body, string? name)
    {
        Group = group;
        Name = name;
        Id = Interlocked.Increment(ref s_lastId);
        _body = body;
        _context = ExecutionContext.Capture();
        if (GreenRuntime.Mode == GreenRuntimeMode.Bound)
            _boundWaiter = new OsThreadWaiter();
    }

    /// <summary>Unique in the process, in order of creation, never reused. Not the managed thread id.</summary>
    public long Id { get; }

    /// <summary>For people and tools; null if it was given none.</summary>
    public string? Name { get; set; }

    /// <summary>What it is doing now.</summary>
    public GreenThreadState State
    {
        get
        {
            if (_park.IsEnded)
                return GreenThreadState.Ended;
            if (_boundWaiter is not null)
                return !_hasStarted ? GreenThreadState.Created : _boundIsParked ? GreenThreadState.Parked : GreenThreadState.Running;
            if (_park.IsParked)
                return GreenThreadState.Parked;
            return !_hasStarted ? GreenThreadState.Created : Scheduler?.Running == this ? GreenThreadState.Running : GreenThreadState.Runnable;
        }
    }

    /// <summary>The green thread that runs the calling code; null on a plain OS thread.</summary>
    public static new GreenThread? Current
    {
        get
        {
            Coroutine? coroutine = Coroutine.Current;
            return coroutine is not null ? Unsafe.As<GreenThread>(coroutine.Tenant) : t_bound;
        }
    }

    internal SchedulerGroup Group { get; }

    /// <summary>The scheduler that runs it, or ran it last. Set by the scheduler that mounts it.</summary>
    internal Scheduler? Scheduler { get; set; }

    /// <summary>Its stack; null before it starts, after it has ended, and in bound mode. Set by the scheduler that mounts it.</summary>
    internal Coroutine? Coroutine { get; set; }

    internal ref ParkState ParkState => ref _park;

    /// <summary>
    /// Starts a green thread: in the group of the calling green thread, otherwise in <see cref="SchedulerGroup.Default"/>. Does not park.
    /// </summary>
    /// <param name="body">What it runs. An exception that leaves it is kept for <see cref="Join()"/>.</param>
    /// <param name="name">For people and tools.</param>
    /// <exception cref="ArgumentNullException">There is no body.</exception>
    public static GreenThread Spawn(Action body, string? name = null) => SchedulerGroup.Current.Spawn(body, name);

    /// <summary>Starts a green thread that ends with a result.</summary>
    /// <inheritdoc cref="Spawn(Action, string?)"/>
    public static GreenThread<T> Spawn<T>(Func<T> body, string? name = null) => SchedulerGroup.Current.Spawn(body, name);

    /// <summary>
    /// Lets the other runnable green threads of this scheduler run first. On a plain OS thread, or in bound mode, does what
    /// <see cref="Thread.Yield"/> does.
    /// </summary>
    public static void Yield()
    {
        Coroutine? coroutine = Coroutine.Current;
        if (coroutine is null)
        {
            Thread.Yield();
            return;
        }
        GreenThread self = Unsafe.As<GreenThread>(coroutine.Tenant)!;
        self.Scheduler!.Yield(self, coroutine);
    }

    /// <summary>Waits for a time, never for less. Parks a green thread; blocks a plain OS thread.</summary>
    /// <param name="duration">How long; zero yields, <see cref="Timeout.InfiniteTimeSpan"/> never returns.</param>
    /// <exception cref="ArgumentOutOfRangeException">The duration is negative and not infinite.</exception>
    public static void Sleep(TimeSpan duration)
    {
        Deadline deadline = Deadline.After(duration);
        if (duration == TimeSpan.Zero)
        {
            Yield();
            return;
        }
        Waiter self = Waiter.Current;
        while (!deadline.HasPassed)
            self.ParkCore(deadline);
    }

    /// <summary>
    /// Waits until somebody calls <see cref="Unpark"/> on this green thread; returns at once if that has happened since the last park. There is
    /// one permit, however often it is given (java.util.concurrent.locks.LockSupport), and unlike there a park never returns without it.
    /// </summary>
    /// <exception cref="InvalidOperationException">The calling code runs on no green thread, so nobody could unpark it.</exception>
    public static void Park() => ParkForPermit(Deadline.Never);

    /// <summary>The same, but for a limited time.</summary>
    /// <param name="timeout">How long at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <returns>False if the time passed without a permit.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="InvalidOperationException">The calling code runs on no green thread, so nobody could unpark it.</exception>
    public static bool Park(TimeSpan timeout) => ParkForPermit(Deadline.After(timeout));

    /// <summary>Gives this green thread its permit: its current or next <see cref="Park()"/> returns. Does not park.</summary>
    public void Unpark()
    {
        Interlocked.Exchange(ref _permit, 1); // Full fence: pairs with the exchange in ParkForPermit, through the token.
        Wake();
    }

    /// <summary>The name or the id, and the state.</summary>
    public override string ToString() => $"{Name ?? "green thread"} {Id} ({State})";

    private static bool ParkForPermit(Deadline deadline)
    {
        GreenThread self = Current ?? throw new InvalidOperationException("only a green thread can park: no one could unpark a plain OS thread");
        bool isInTime = true;
        while (Interlocked.Exchange(ref self._permit, 0) == 0)
        {
            if (!isInTime)
                return false;
            isInTime = self.ParkCore(deadline);
        }
        return true;
    }

    internal override void Wake()
    {
        if (_boundWaiter is { } bound)
            bound.Wake();
        else if (_park.Wake())
            Group.MakeRunnable(this);
    }

    internal override bool ParkCore(Deadline deadline)
    {
        if (_boundWaiter is { } bound)
        {
            _boundIsParked = true;
            try
            {
                return bound.ParkCore(deadline);
            }
            finally
            {
                _boundIsParked = false;
            }
        }
        return Scheduler!.Park(this, deadline);
    }
}
