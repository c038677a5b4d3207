using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace GreenThreads;

/// <summary>
/// A federation of schedulers that run green threads: each has an OS thread, a run queue, timers and an event loop of its own, and takes work from the
/// others when it has none. A group lives until <see cref="Shutdown"/> or <see cref="Dispose"/>, or until the process ends; its OS threads are
/// background threads. Several groups live side by side and share nothing but memory for stacks. All members may be used from any thread.
/// </summary>
// SchedulerGroup.cs            spawning, and the default group
// SchedulerGroup.Queues.cs     the injection queue, and who is told of what lies in it
// SchedulerGroup.Count.cs      how many green threads live
// SchedulerGroup.Shutdown.cs   drain, cancel, report, end
// SchedulerGroup.Run.cs        the calling thread as one of the schedulers
// SchedulerGroup.Scopes.cs     children of scopes
// SchedulerGroup.Snapshot.cs   what it is doing
// SchedulerGroup.Deadlocks.cs  nobody can ever go on
public sealed partial class SchedulerGroup : IDisposable
{
    private static readonly Lock s_defaultGate = new();

    // Both guarded by s_defaultGate when written.
    private static SchedulerGroupOptions? s_defaultOptions;
    private static volatile SchedulerGroup? s_default;

    private readonly ILogger _logger;
    private readonly NoParkLock _schedulersGate = new();

    /// <summary>Starts a group.</summary>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no name or no logger factory.</exception>
    /// <exception cref="SystemCallException">An event loop could not be had, for example because no descriptor is left.</exception>
    /// <exception cref="GreenThreadLimitException">The system gives no further OS thread.</exception>
    /// <exception cref="PlatformNotSupportedException"><see cref="SchedulerGroupOptions.FreshThreadStatics"/> was asked for, which this runtime does not allow.</exception>
    public SchedulerGroup(SchedulerGroupOptions? options = null)
        : this(options ?? new SchedulerGroupOptions(), hasPlatformScheduler: false)
    {
    }

    private SchedulerGroup(SchedulerGroupOptions options, bool hasPlatformScheduler)
    {
        options.Validate();
        Name = options.Name;
        Seed = options.Seed;
        StackReserve = (options.StackReserve + StackArena.DefaultStride - 1) / StackArena.DefaultStride * StackArena.DefaultStride;
        MinimumIdleCoroutines = options.MinimumIdleCoroutines;
        MaximumIdleCoroutines = options.MaximumIdleCoroutines;
        MaximumSpareSchedulers = options.MaximumSpareSchedulers;
        MaximumWaiterThreads = options.MaximumWaiterThreads;
        HasFreshThreadStatics = options.FreshThreadStatics;
        if (HasFreshThreadStatics && GreenRuntime.Mode == GreenRuntimeMode.Switched)
            FreshThreadStatics.Verify();
        KeepsExceptions = options.UnhandledExceptions == UnhandledExceptionPolicy.Keep;
        _logger = options.LoggerFactory.CreateLogger("GreenThreads");
        GreenRuntime.Warn(_logger);
        // In bound mode the waits are those of OS threads, which have no ring.
        Engine = GreenRuntime.Mode == GreenRuntimeMode.Bound ? EventLoopEngine.Epoll : EventLoopEngines.Choose(options.EventLoopEngine, _logger);
        SynchronizationContext = new GreenSynchronizationContext(this);
        HandleWaiters = new HandleWaiters(this);
        BlockingPool = new WorkPool($"{Name}-blocking", options.MaximumBlockingThreads);
        ComputePool = new WorkPool($"{Name}-compute", options.ComputeThreads ?? Environment.ProcessorCount);
        BlockingHosts = new BlockingHosts(this, options.MaximumBlockingThreads);

        // In bound mode the one scheduler only polls.
        int count = GreenRuntime.Mode == GreenRuntimeMode.Bound ? 1 : options.EffectiveSchedulers;
        Sleepers = new SleepProtocol(count + MaximumSpareSchedulers + options.MaximumBlockingThreads, Math.Max(count / 2, 1), this);
        Monitor = new SchedulerMonitor(this, options.MonitorThreshold, _logger);
        Deadlocks = options.DetectsDeadlocks ? new DeadlockWatch(this, options) : null;
        RegularSchedulers = new Scheduler[count];
        Schedulers = RegularSchedulers;
        StartSchedulers(hasPlatformScheduler && GreenRuntime.Mode == GreenRuntimeMode.Switched);
        Register();
    }

    /// <summary>
    /// Raised when an exception ended a green thread, its policy was <see cref="UnhandledExceptionPolicy.Keep"/>, and the green thread was
    /// collected before anybody asked for it: on the finalizer thread. Also when a <see cref="GreenScope"/> is left with failures of children that nobody was told of: on
    /// its owner's thread, from <see cref="GreenScope.Dispose"/>. Handlers should be short and not throw. Without a handler the exception is logged.
    /// </summary>
    public static event EventHandler<UnobservedGreenThreadExceptionEventArgs>? UnobservedException;

    /// <summary>
    /// The group of green threads that are spawned from plain OS threads: that of <see cref="Run"/>, if it was called first, otherwise one that starts at
    /// the first use. After it was shut down, the next use starts another.
    /// </summary>
    public static SchedulerGroup Default
    {
        get
        {
            if (s_default is { } group)
                return group;
            lock (s_defaultGate)
                return s_default ??= new SchedulerGroup(s_defaultOptions);
        }
    }

    /// <summary>For people and tools.</summary>
    public string Name { get; }

    /// <summary>Runs tasks on green threads of this group. Any thread; does not park.</summary>
    public GreenTaskScheduler TaskScheduler => field ?? Interlocked.CompareExchange(ref field, new GreenTaskScheduler(this), null) ?? field;

    /// <summary>The group of the calling green thread; on a plain OS thread, the default one.</summary>
    internal static SchedulerGroup Current => GreenThread.Current?.Group ?? Default;

    /// <summary>Where warnings go.</summary>
    internal ILogger Logger => _logger;

    internal bool KeepsExceptions { get; }

    /// <summary>Of its schedulers' event loops. One of them may have had to do with epoll all the same.</summary>
    internal EventLoopEngine Engine { get; }

    /// <summary>Whether no green thread sees thread statics of another.</summary>
    internal bool HasFreshThreadStatics { get; }

    internal int? Seed { get; }

    internal int StackReserve { get; }

    internal int MinimumIdleCoroutines { get; }

    internal int MaximumIdleCoroutines { get; }

    internal int MaximumSpareSchedulers { get; }

    internal int MaximumWaiterThreads { get; }

    internal GreenSynchronizationContext SynchronizationContext { get; }

    internal HandleWaiters HandleWaiters { get; }

    /// <summary>For calls that block their OS thread.</summary>
    internal WorkPool BlockingPool { get; }

    /// <summary>For long computations.</summary>
    internal WorkPool ComputePool { get; }

    /// <summary>For green threads that are about to block.</summary>
    internal BlockingHosts BlockingHosts { get; }

    internal SleepProtocol Sleepers { get; }

    internal SchedulerMonitor Monitor { get; }

    /// <summary>Those that it was made with; one in bound mode, which only polls.</summary>
    internal Scheduler[] RegularSchedulers { get; }

    /// <summary>These, the spare ones and the hosts. Replaced, under _schedulersGate, when another one starts; never shrinks.</summary>
    internal Scheduler[] Schedulers
    {
        get => Volatile.Read(ref field);
        private set => Volatile.Write(ref field, value);
    }

    internal bool HasSeveralSchedulers => Schedulers.Length > 1;

    /// <summary>Sets how <see cref="Default"/> will start. To be called before anything has used it.</summary>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no name or no logger factory.</exception>
    /// <exception cref="InvalidOperationException">It has started.</exception>
    public static void ConfigureDefault(SchedulerGroupOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        lock (s_defaultGate)
        {
            if (s_default is not null)
                throw new InvalidOperationException("the default scheduler group has started already");
            s_defaultOptions = options;
        }
    }

    /// <summary>Starts a green thread in this group. Any thread; does not park.</summary>
    /// <param name="body">What it runs. An exception that leaves it is kept for <see cref="GreenThread.Join()"/>, or as the group's policy says.</param>
    /// <param name="name">For people and tools.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="GreenThread.SpawnSite"/>.</param>
    /// <param name="line">Filled in by the compiler, for <see cref="GreenThread.SpawnSite"/>.</param>
    /// <exception cref="ArgumentNullException">There is no body.</exception>
    /// <exception cref="InvalidOperationException">The group has been shut down, or is being shut down and the caller is not one of its green threads.</exception>
    /// <exception cref="GreenThreadCanceledException">The group is being shut down and cancels its green threads, of which the caller is one.</exception>
    /// <exception cref="GreenThreadLimitException">Bound mode only: the system gives no further OS thread.</exception>
    public GreenThread Spawn(Action body, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Spawn(body, new SpawnOptions { Name = name, File = file, Line = line });

    /// <summary>Starts a green thread that ends with a result.</summary>
    /// <inheritdoc cref="Spawn(Action, string?, string, int)"/>
    public GreenThread<T> Spawn<T>(Func<T> body, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Spawn(body, new SpawnOptions { Name = name, File = file, Line = line });
    }

    /// <summary>
    /// Starts a green thread that does not keep the group alive: neither <see cref="Run"/> nor the drain of <see cref="Shutdown"/> waits for it.
    /// </summary>
    /// <inheritdoc cref="Spawn(Action, string?, string, int)"/>
    public GreenThread SpawnDaemon(Action body, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Spawn(body, new SpawnOptions { Name = name, File = file, Line = line, IsDaemon = true });

    internal GreenThread Spawn(Action body, in SpawnOptions options)
    {
        ArgumentNullException.ThrowIfNull(body);
        Scheduler? here = SchedulerOfCaller;
        var thread = new GreenThread(this, body, options, TakeId(here));
        Start(thread, here);
        return thread;
    }

    internal GreenThread<T> Spawn<T>(Func<T> body, in SpawnOptions options)
    {
        Scheduler? here = SchedulerOfCaller;
        var thread = new GreenThread<T>(this, body, options, TakeId(here));
        Start(thread, here);
        return thread;
    }

    /// <summary>Spawns a green thread that waits for the task of an asynchronous body.</summary>
    internal AwaitingGreenThread SpawnAwaiting(Func<Task> body, CancellationToken cancellationToken, in SpawnOptions options)
    {
        Scheduler? here = SchedulerOfCaller;
        var thread = new AwaitingGreenThread(this, body, options, TakeId(here), cancellationToken);
        Start(thread, here);
        return thread;
    }

    /// <inheritdoc cref="SpawnAwaiting"/>
    internal AwaitingGreenThread<T> SpawnAwaiting<T>(Func<Task<T>> body, CancellationToken cancellationToken, in SpawnOptions options)
    {
        Scheduler? here = SchedulerOfCaller;
        var thread = new AwaitingGreenThread<T>(this, body, options, TakeId(here), cancellationToken);
        Start(thread, here);
        return thread;
    }

    /// <summary>Spawns what was posted to the synchronization context, or started on the task scheduler.</summary>
    /// <returns>False if the group is closed, or there is no OS thread for it in bound mode.</returns>
    internal bool TrySpawnPosted(SendOrPostCallback callback, object? state)
    {
        if (IsCanceling)
            return false;
        Scheduler? here = SchedulerOfCaller;
        var thread = new PostedGreenThread(this, callback, state, TakeId(here));
        try
        {
            Start(thread, here);
            return true;
        }
        catch (Exception exception) when (exception is GreenThreadCanceledException or GreenThreadLimitException)
        {
            return false;
        }
    }

    internal void ReportUnobserved(string threadName, Exception exception)
    {
        if (UnobservedException is { } handlers)
            handlers(this, new UnobservedGreenThreadExceptionEventArgs(exception, threadName));
        else
            LogUnobserved(_logger, threadName, exception);
    }

    /// <summary>The scheduler of this group that the caller runs on, if any.</summary>
    private Scheduler? SchedulerOfCaller => Scheduler.Current is { } here && here.Group == this ? here : null;

    private static long TakeId(Scheduler? here) => here?.TakeId() ?? GreenThread.TakeIds(1).First;

    private void Start(GreenThread thread, Scheduler? here)
    {
        CountSpawn(thread, here);
        if (here is null && thread is not PostedGreenThread && GreenThread.Current is null)
            NoteSpawner(OsThreadWaiter.Current);
        // After the count: a shutdown either sees it and waits, or is seen here.
        if (_phase != Phase.Open)
            RefuseIfClosed(thread, here);
        if (GreenRuntime.Mode == GreenRuntimeMode.Bound)
            StartBound(thread);
        else if (thread.Home is { } home)
            home.EnqueueAffine(thread);
        else if (here is not null)
            here.EnqueueSpawned(thread);
        else
            Inject(thread);
    }

    /// <summary>Starts a further, spare scheduler. The monitor.</summary>
    internal void AddSpare(ILogger logger) => Add(index => new Scheduler(this, index, SchedulerKind.Spare, logger));

    /// <summary>Starts a further host for a green thread that is about to block. Any thread.</summary>
    /// <returns>Null if the system does not give what it needs.</returns>
    internal Scheduler? TryAddBlockingHost()
    {
        try
        {
            return Add(index => new Scheduler(this, index, SchedulerKind.Host, _logger));
        }
        catch (Exception exception) when (exception is SystemCallException or GreenThreadLimitException)
        {
            return null;
        }
    }

    private Scheduler Add(Func<int, Scheduler> create)
    {
        using (_schedulersGate.Enter())
        {
            Scheduler added = create(Schedulers.Length);
            try
            {
                Schedulers = [.. Schedulers, added];
                added.Start();
                return added;
            }
            catch
            {
                Schedulers = Schedulers[..^1];
                added.EventLoop.Dispose();
                throw;
            }
        }
    }

    private void StartSchedulers(bool hasPlatformScheduler)
    {
        try
        {
            for (int i = 0; i < RegularSchedulers.Length; i++)
                RegularSchedulers[i] = new Scheduler(this, i, SchedulerKind.Regular, _logger);
            for (int i = hasPlatformScheduler ? 1 : 0; i < RegularSchedulers.Length; i++)
                RegularSchedulers[i].Start();
            Monitor.Start();
        }
        catch
        {
            // Those that have started end again; the others have only an event loop.
            IsStopping = true;
            foreach (Scheduler scheduler in RegularSchedulers)
            {
                if (scheduler is null)
                    continue;
                scheduler.Interrupt();
                if (!scheduler.HasStarted)
                    scheduler.EventLoop.Dispose();
            }
            throw;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Nobody asked for the exception that ended {ThreadName}")]
    private static partial void LogUnobserved(ILogger logger, string threadName, Exception exception);
}
