using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenThreads;

/// <summary>How a <see cref="SchedulerGroup"/> is made.</summary>
public sealed record SchedulerGroupOptions
{
    /// <summary>The most schedulers that a group can have, spare ones not counted.</summary>
    public const int MaximumSchedulers = 1024;

    /// <summary>
    /// How many schedulers, each with an OS thread; null for as many as there are processors (<see cref="Environment.ProcessorCount"/>, which respects
    /// affinity masks, cgroup quotas and DOTNET_PROCESSOR_COUNT), or as the environment variable GREENTHREADS_SCHEDULERS says.
    /// </summary>
    public int? Schedulers { get; init; }

    /// <summary>For people and tools; its OS threads carry it.</summary>
    public string Name { get; init; } = "green";

    /// <summary>
    /// Bytes of address space for the stack of each green thread; 64 KB of them are its guard. Rounded up to a multiple of 512 KB, which is the default.
    /// Memory is used only for what a stack has touched.
    /// </summary>
    public int StackReserve { get; init; } = StackArena.DefaultStride;

    /// <summary>Idle stacks, with their CLR threads, that each scheduler makes at its start and always keeps.</summary>
    public int MinimumIdleCoroutines { get; init; }

    /// <summary>
    /// Idle stacks that each scheduler keeps for the next green threads. What it has beyond gives its memory back at once, but for a page or two, and goes
    /// to a reserve that all schedulers of the process share.
    /// </summary>
    public int MaximumIdleCoroutines { get; init; } = 64;

    /// <summary>
    /// Whether each green thread finds all thread statics ([ThreadStatic] fields and <see cref="ThreadLocal{T}"/>) in their initial state, as on a new thread. By
    /// default they live as long as the stack, and the next green thread on it sees what the last one left, as on thread-pool threads: caches stay warm. Fresh
    /// ones make an empty green thread 2.3 times as expensive (docs/contexts.md). In bound mode they are always fresh, but for what
    /// <see cref="SchedulerGroup.Run"/> runs on the calling OS thread.
    /// </summary>
    public bool FreshThreadStatics { get; init; }

    /// <summary>
    /// How long a scheduler may run the same green thread before others take over its queue, descriptors and timers. At least a millisecond.
    /// </summary>
    public TimeSpan MonitorThreshold { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>How many further schedulers may be started while all others are stuck and work waits; 0 for none.</summary>
    public int MaximumSpareSchedulers { get; init; } = 64;

    /// <summary>
    /// How many OS threads may wait on behalf of green threads that block in stock .NET code, each for 63 handles (docs/blocking.md). They start when they are
    /// needed and end when they are not. Beyond that, further handles are looked at every ten milliseconds. At least 1.
    /// </summary>
    public int MaximumWaiterThreads { get; init; } = 128;

    /// <summary>
    /// How many OS threads may make blocking calls for green threads, which are parked meanwhile (docs/blocking.md): files, names of hosts. They start when they are
    /// needed and end when they are not. As many more for <see cref="Foreign.RunBlocking(Action)"/>, which stay until the group ends. Further calls wait for their turn.
    /// At least 1.
    /// </summary>
    public int MaximumBlockingThreads { get; init; } = 64;

    /// <summary>
    /// How many OS threads may run what green threads hand to <see cref="Compute"/>; null for as many as there are processors. They start when they are needed and end
    /// when they are not. At least 1.
    /// </summary>
    public int? ComputeThreads { get; init; }

    /// <summary>
    /// What the schedulers wait with. By default epoll, or as the environment variable GREENTHREADS_EVENT_LOOP says (epoll, io_uring); what the kernel does not allow
    /// becomes epoll, and the log says so. Always epoll in bound mode.
    /// </summary>
    public EventLoopEngine EventLoopEngine { get; init; }

    /// <summary>What happens when an exception leaves a green thread's body.</summary>
    public UnhandledExceptionPolicy UnhandledExceptions { get; init; } = UnhandledExceptionPolicy.Keep;

    /// <summary>
    /// Whether the group looks for deadlocks: when none of its green threads can ever go on, it says so once (<see cref="SchedulerGroup.DeadlockDetected"/>,
    /// and one line of the log). What it sees and what not: docs/deadlocks.md.
    /// </summary>
    public bool DetectsDeadlocks { get; init; } = true;

    /// <summary>How long all green threads must have stood still before the group looks for a deadlock. At least a millisecond.</summary>
    public TimeSpan DeadlockPatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>For tests: what else goes on in the process does not hold a report of a deadlock back. A test host has timers and busy threads of its own.</summary>
    internal bool IgnoresOutsideActivity { get; init; }

    /// <summary>Where warnings go; nowhere by default.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>
    /// For tests: a seed makes the schedulers change the order of runnable green threads now and then and choose their victims by it. With one scheduler,
    /// and nothing that comes from outside, the same seed gives the same schedule. Null for no such changes.
    /// </summary>
    public int? Seed { get; init; }

    /// <summary>How many schedulers there will be.</summary>
    internal int EffectiveSchedulers => Schedulers ?? SchedulersFromEnvironment() ?? Math.Min(Environment.ProcessorCount, MaximumSchedulers);

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(Name);
        ArgumentNullException.ThrowIfNull(LoggerFactory);
        if (Schedulers is { } schedulers)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(schedulers, 1, nameof(Schedulers));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(schedulers, MaximumSchedulers, nameof(Schedulers));
        }
        ArgumentOutOfRangeException.ThrowIfLessThan(StackReserve, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(StackReserve, 1 << 30);
        ArgumentOutOfRangeException.ThrowIfNegative(MinimumIdleCoroutines);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaximumIdleCoroutines, MinimumIdleCoroutines);
        ArgumentOutOfRangeException.ThrowIfLessThan(MonitorThreshold, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MonitorThreshold, TimeSpan.FromDays(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(DeadlockPatience, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(DeadlockPatience, TimeSpan.FromDays(1));
        ArgumentOutOfRangeException.ThrowIfNegative(MaximumSpareSchedulers);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaximumSpareSchedulers, MaximumSchedulers);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaximumWaiterThreads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaximumBlockingThreads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaximumBlockingThreads, MaximumSchedulers);
        if (ComputeThreads is { } computeThreads)
            ArgumentOutOfRangeException.ThrowIfLessThan(computeThreads, 1, nameof(ComputeThreads));
        if (!Enum.IsDefined(EventLoopEngine))
            throw new ArgumentOutOfRangeException(nameof(EventLoopEngine), EventLoopEngine, "Not one of the engines.");
    }

    private static int? SchedulersFromEnvironment() =>
        int.TryParse(Environment.GetEnvironmentVariable("GREENTHREADS_SCHEDULERS"), out int count) && count is >= 1 and <= MaximumSchedulers ? count : null;
}
