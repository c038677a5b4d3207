using Microsoft.Extensions.Logging;

namespace GreenThreads;

/// <summary>
/// Schedulers that run green threads. Until stealing is built there is one scheduler, and so one OS thread, in each group; a group lives until
/// the process ends, and its OS thread is a background thread.
/// </summary>
public sealed partial class SchedulerGroup
{
    private static readonly Lock s_defaultGate = new();

    // Both guarded by s_defaultGate when written.
    private static SchedulerGroupOptions? s_defaultOptions;
    private static volatile SchedulerGroup? s_default;

    private readonly ILogger _logger;

    /// <summary>Starts a group.</summary>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ArgumentException">The options hold no name or no logger factory.</exception>
    /// <exception cref="SystemCallException">The event loop could not be had, for example because no descriptor is left.</exception>
    public SchedulerGroup(SchedulerGroupOptions? options = null)
    {
        options ??= new SchedulerGroupOptions();
        ArgumentException.ThrowIfNullOrEmpty(options.Name, nameof(options));
        ArgumentNullException.ThrowIfNull(options.LoggerFactory, nameof(options));
        Name = options.Name;
        KeepsExceptions = options.UnhandledExceptions == UnhandledExceptionPolicy.Keep;
        _logger = options.LoggerFactory.CreateLogger("GreenThreads");
        GreenRuntime.WarnIfBound(_logger);
        Scheduler = new Scheduler(this, 0, _logger);
        Scheduler.Start();
    }

    /// <summary>
    /// Raised when an exception ended a green thread, its policy was <see cref="UnhandledExceptionPolicy.Keep"/>, and the green thread was
    /// collected before anybody asked for it. On the finalizer thread: handlers should be short and not throw. Without a handler the exception
    /// is logged.
    /// </summary>
    public static event EventHandler<UnobservedGreenThreadExceptionEventArgs>? UnobservedException;

    /// <summary>The group of green threads that are spawned from plain OS threads. Starts at the first use.</summary>
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

    /// <summary>The group of the calling green thread; on a plain OS thread, the default one.</summary>
    internal static SchedulerGroup Current => GreenThread.Current?.Group ?? Default;

    internal bool KeepsExceptions { get; }

    internal Scheduler Scheduler { get; }

    /// <summary>Sets how <see cref="Default"/> will start. To be called before anything has used it.</summary>
    /// <param name="options">How.</param>
    /// <exception cref="InvalidOperationException">It has started.</exception>
    public static void ConfigureDefault(SchedulerGroupOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
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
    /// <exception cref="ArgumentNullException">There is no body.</exception>
    /// <exception cref="GreenThreadLimitException">Bound mode only: the system gives no further OS thread.</exception>
    public GreenThread Spawn(Action body, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        var thread = new GreenThread(this, body, name);
        Start(thread);
        return thread;
    }

    /// <summary>Starts a green thread that ends with a result.</summary>
    /// <inheritdoc cref="Spawn(Action, string?)"/>
    public GreenThread<T> Spawn<T>(Func<T> body, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        var thread = new GreenThread<T>(this, body, name);
        Start(thread);
        return thread;
    }

    /// <summary>Puts a green thread that is off its stack into a queue. Its only owner calls it.</summary>
    internal void MakeRunnable(GreenThread thread)
    {
        if (Scheduler.IsCurrent)
            Scheduler.Enqueue(thread);
        else
            Scheduler.Inject(thread);
    }

    internal void ReportUnobserved(string threadName, Exception exception)
    {
        if (UnobservedException is { } handlers)
            handlers(this, new UnobservedGreenThreadExceptionEventArgs(exception, threadName));
        else
            LogUnobserved(_logger, threadName, exception);
    }

    private void Start(GreenThread thread)
    {
        if (GreenRuntime.Mode == GreenRuntimeMode.Bound)
            thread.StartBound();
        else
            MakeRunnable(thread);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Nobody asked for the exception that ended {ThreadName}")]
    private static partial void LogUnobserved(ILogger logger, string threadName, Exception exception);
}
