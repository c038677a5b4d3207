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
    private ExecutionContext? _context; // Null also while the flow is suppressed.
    private Delegate? _body;
    private readonly string? _spawnFile;
    private readonly int _spawnLine;
    private ParkState _park;
    private int _permit;

    /// <summary>What <see cref="GreenLocal{T}"/> has stored for it. Touched by itself alone, and by who spawns it before.</summary>
    internal LocalValue? Locals;

    internal GreenThread(SchedulerGroup group, Delegate body, in SpawnOptions options, long id)
    {
        Group = group;
        Name = options.Name;
        Id = id;
        IsDaemon = options.IsDaemon;
        IsPinned = options.Home is not null;
        Home = options.Home;
        IsExempt = options.IsExempt || (group.IsCanceling && Current is { IsExempt: true });
        KeepsExceptions = options.KeepsExceptions || group.KeepsExceptions;
        _spawnFile = options.File;
        _spawnLine = options.Line;
        _body = body;
        _context = options.Context ?? ExecutionContext.Capture();
        if (LocalValue.IsAnyInherited && options.Context is null)
            Locals = LocalValue.Inherited();
        if (GreenRuntime.Mode == GreenRuntimeMode.Bound)
            _boundWaiter = new OsThreadWaiter();
    }

    /// <summary>
    /// Unique in the process, never reused. Not the managed thread id. Each scheduler has blocks of numbers, so the order says nothing about when.
    /// </summary>
    public long Id { get; }

    /// <summary>The file and line that spawned it, such as "Server.cs:42"; empty if the compiler did not say.</summary>
    public string SpawnSite => string.IsNullOrEmpty(_spawnFile) ? "" : $"{Path.GetFileName(_spawnFile)}:{_spawnLine}";

    /// <summary>Whether its group ends without waiting for it.</summary>
    public bool IsDaemon { get; }

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

    /// <summary>Whose schedulers run it, and what it spawns in turn.</summary>
    public SchedulerGroup Group { get; }

    /// <summary>Whether it may run on one scheduler only, for ever: what <see cref="SchedulerGroup.Run"/> runs.</summary>
    internal bool IsPinned { get; }

    /// <summary>Whether an exception that leaves the body is kept; otherwise it ends the process.</summary>
    internal bool KeepsExceptions { get; }

    /// <summary>Whether a shutdown does not cancel it, because it is part of the shutdown.</summary>
    internal bool IsExempt { get; }

    /// <summary>
    /// The one scheduler where it may resume, or null for any. Written by itself before it leaves its stack; read by whoever makes it runnable.
    /// </summary>
    internal Scheduler? Home { get; set; }

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
    /// <param name="file">Filled in by the compiler, for <see cref="SpawnSite"/>.</param>
    /// <param name="line">Filled in by the compiler, for <see cref="SpawnSite"/>.</param>
    /// <exception cref="ArgumentNullException">There is no body.</exception>
    /// <exception cref="InvalidOperationException">The group has been shut down.</exception>
    /// <exception cref="GreenThreadCanceledException">The calling green thread's group is being shut down and cancels its green threads.</exception>
    public static GreenThread Spawn(Action body, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        SchedulerGroup.Current.Spawn(body, name, file, line);

    /// <summary>Starts a green thread that ends with a result.</summary>
    /// <inheritdoc cref="Spawn(Action, string?, string, int)"/>
    public static GreenThread<T> Spawn<T>(Func<T> body, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        SchedulerGroup.Current.Spawn(body, name, file, line);

    /// <summary>
    /// Starts a green thread that does not keep its group alive: neither <see cref="SchedulerGroup.Run"/> nor the drain of
    /// <see cref="SchedulerGroup.Shutdown"/> waits for its end; it is cancelled when the others have ended.
    /// </summary>
    /// <inheritdoc cref="Spawn(Action, string?, string, int)"/>
    public static GreenThread SpawnDaemon(Action body, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        SchedulerGroup.Current.SpawnDaemon(body, name, file, line);

    /// <summary>
    /// Lets the other runnable green threads of this scheduler run first. On a plain OS thread, or in bound mode, does what
    /// <see cref="Thread.Yield"/> does.
    /// </summary>
    /// <exception cref="GreenThreadCanceledException">The green thread's group is being shut down and cancels its green threads.</exception>
    public static void Yield()
    {
        Coroutine? coroutine = Coroutine.Current;
        if (coroutine is null)
        {
            t_bound?.ThrowIfCanceled();
            Thread.Yield();
            return;
        }
        GreenThread self = Unsafe.As<GreenThread>(coroutine.Tenant)!;
        self.Scheduler!.Yield(self, coroutine);
        self.ThrowIfCanceled();
    }

    /// <summary>
    /// For long computations: yields if the green thread has run for some milliseconds and others may be waiting; otherwise returns within a few
    /// nanoseconds, so it may be called in inner loops. Does nothing on a plain OS thread and in bound mode.
    /// </summary>
    /// <returns>True if it has yielded.</returns>
    /// <exception cref="GreenThreadCanceledException">The green thread's group is being shut down and cancels its green threads.</exception>
    public static bool YieldIfDue()
    {
        Coroutine? coroutine = Coroutine.Current;
        if (coroutine is not null)
        {
            GreenThread self = Unsafe.As<GreenThread>(coroutine.Tenant)!;
            if (self.Scheduler!.IsYieldDue)
                return YieldBecauseDue();
            // Its own reason is looked at each time: it may have come while it was shielded, or in a wait of the framework's, and that the scheduler was told is
            // used up then.
            if (self._cancelReason is not null)
                self.ThrowIfCanceled();
            return false;
        }
        ThrowIfBoundIsCanceled();
        return false;
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

    /// <summary>
    /// The managed methods on its stack, innermost first, as far as they can be told from outside; it may have gone on meanwhile. From plain OS threads.
    /// </summary>
    internal IReadOnlyList<string> MethodsFromOutside() =>
        (State == GreenThreadState.Running ? Coroutine?.MethodsWhileRunning(Scheduler!.OsThreadId) : Coroutine?.MethodsWhileSuspended()) ?? [];

    /// <summary>A block of identifiers: the first and the last.</summary>
    internal static (long First, long Last) TakeIds(int count)
    {
        long last = Interlocked.Add(ref s_lastId, count);
        return (last - count + 1, last);
    }

    private static bool YieldBecauseDue()
    {
        Current!.Scheduler!.IsYieldDue = false;
        Yield();
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
        ThrowIfCanceled();
        bool isInTime = ParkUncanceled(deadline);
        ThrowIfCanceled(); // Whoever cancels sets the flag first and wakes then.
        return isInTime;
    }

    internal override bool ParkUncanceled(Deadline deadline)
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
