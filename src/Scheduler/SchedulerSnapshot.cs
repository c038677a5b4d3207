namespace GreenThreads;

/// <summary>One scheduler in a <see cref="SchedulerGroupSnapshot"/>. Its numbers are of about the same moment; nobody was stopped to take them.</summary>
public sealed record SchedulerSnapshot
{
    /// <summary>The name of the scheduler and of its OS thread.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it stands in for others that are stuck.</summary>
    public required bool IsSpare { get; init; }

    /// <summary>What it is doing.</summary>
    public required SchedulerState State { get; init; }

    /// <summary>The green thread that it runs, if any.</summary>
    public required GreenThread? Running { get; init; }

    /// <summary>How many green threads wait here to be run, those of <see cref="QueuedAffine"/> included.</summary>
    public required int Queued { get; init; }

    /// <summary>How many of these can run only here.</summary>
    public required int QueuedAffine { get; init; }

    /// <summary>How many green threads are parked that ran here last.</summary>
    public required int Parked { get; init; }

    /// <summary>How many timers are set here.</summary>
    public required int Timers { get; init; }

    /// <summary>How often it has looked for a green thread to run.</summary>
    public required long Picks { get; init; }

    /// <summary>How often it has taken green threads from another scheduler.</summary>
    public required long Steals { get; init; }

    /// <summary>How many green threads these were.</summary>
    public required long Stolen { get; init; }

    /// <summary>How often it has polled its descriptors.</summary>
    public required long Polls { get; init; }

    /// <summary>How many waits ended because a descriptor became ready here or a time came.</summary>
    public required long Wakes { get; init; }

    /// <summary>How many parks began here.</summary>
    public required long Parks { get; init; }

    /// <summary>How often the monitor found it stuck in native code (a blocking call).</summary>
    public required long StuckInNativeCode { get; init; }

    /// <summary>How often the monitor found it stuck in a computation.</summary>
    public required long StuckComputing { get; init; }

    /// <summary>
    /// The longest that a green thread kept its OS thread blocked in the kernel, as far as the monitor has seen: at two or more of its looks in a row, which are a quarter
    /// of <see cref="SchedulerGroupOptions.MonitorThreshold"/> apart. It may have been up to two looks longer; zero if there was nothing of that length.
    /// </summary>
    public required TimeSpan LongestBlock { get; init; }

    /// <summary>How long it has slept in all.</summary>
    public required TimeSpan IdleTime { get; init; }

    /// <summary>What became of the waits of stock .NET code (a contended lock, a task, an event) that its green threads met.</summary>
    public required ManagedWaits ManagedWaits { get; init; }

    /// <summary>How many parks, and yields, bound a green thread to this scheduler until it resumed, by reason.</summary>
    public required IReadOnlyDictionary<string, long> AffineParks { get; init; }
}
