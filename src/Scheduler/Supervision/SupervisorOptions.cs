namespace GreenThreads;

/// <summary>How a <see cref="Supervisor"/> is made.</summary>
public sealed record SupervisorOptions
{
    /// <summary>For people and tools, and in the log.</summary>
    public string Name { get; init; } = "supervisor";

    /// <summary>Whom it restarts when a child fails.</summary>
    public RestartStrategy Strategy { get; init; } = RestartStrategy.OneForOne;

    /// <summary>
    /// How many restarts there may be within <see cref="Window"/>; with one more the supervisor gives up. One failure counts as one restart, however many children are
    /// restarted for it. <see cref="int.MaxValue"/> for no limit.
    /// </summary>
    public int MaximumRestarts { get; init; } = 3;

    /// <summary>How long a restart counts.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long to wait before a child is restarted for the first time; the others are looked after meanwhile. Zero for no waiting at all.</summary>
    public TimeSpan InitialBackoff { get; init; } = TimeSpan.Zero;

    /// <summary>By what the waiting time grows with each further restart of the same child. It begins anew when the child has run for as long as <see cref="Window"/>.</summary>
    public double BackoffFactor { get; init; } = 2;

    /// <summary>The longest waiting time.</summary>
    public TimeSpan MaximumBackoff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Where it runs, with its children; null for the group of the calling green thread, on a plain OS thread <see cref="SchedulerGroup.Default"/>.</summary>
    public SchedulerGroup? Group { get; init; }

    /// <summary>How long to wait before a child is restarted that has been restarted so many times in a row.</summary>
    internal TimeSpan BackoffAfter(int restarts)
    {
        if (InitialBackoff == TimeSpan.Zero)
            return TimeSpan.Zero;
        // As a double: the product grows beyond what a TimeSpan can be.
        double milliseconds = InitialBackoff.TotalMilliseconds * Math.Pow(BackoffFactor, restarts);
        return milliseconds < MaximumBackoff.TotalMilliseconds ? TimeSpan.FromMilliseconds(milliseconds) : MaximumBackoff;
    }

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(Name);
        if (!Enum.IsDefined(Strategy))
            throw new ArgumentOutOfRangeException(nameof(Strategy));
        ArgumentOutOfRangeException.ThrowIfNegative(MaximumRestarts);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Window, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(InitialBackoff, TimeSpan.Zero);
        if (!(BackoffFactor >= 1)) // Not a number, too.
            throw new ArgumentOutOfRangeException(nameof(BackoffFactor));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaximumBackoff, InitialBackoff);
    }
}
