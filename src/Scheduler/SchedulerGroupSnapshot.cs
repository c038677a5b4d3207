namespace GreenThreads;

/// <summary>What a <see cref="SchedulerGroup"/> is doing. Its numbers are of about the same moment; nobody was stopped to take them.</summary>
public sealed record SchedulerGroupSnapshot
{
    /// <summary>The group's name.</summary>
    public required string Name { get; init; }

    /// <summary>Green threads that have not ended, daemons not included. Never too low; too high by those that ended while they were counted.</summary>
    public required long Live { get; init; }

    /// <summary>Daemons that have not ended.</summary>
    public required long LiveDaemons { get; init; }

    /// <summary>Green threads that were ever spawned, daemons included.</summary>
    public required long Spawned { get; init; }

    /// <summary>Green threads that are parked.</summary>
    public required long Parked { get; init; }

    /// <summary>Green threads in the group's injection queue: spawned or woken from outside, or more than a scheduler's queue holds.</summary>
    public required int Injected { get; init; }

    /// <summary>OS threads that wait on behalf of green threads: see <see cref="SchedulerGroupOptions.MaximumWaiterThreads"/>.</summary>
    public required int WaiterThreads { get; init; }

    /// <summary>OS threads for blocking calls of green threads: see <see cref="SchedulerGroupOptions.MaximumBlockingThreads"/>.</summary>
    public required int BlockingThreads { get; init; }

    /// <summary>OS threads for computations of green threads: see <see cref="SchedulerGroupOptions.ComputeThreads"/>.</summary>
    public required int ComputeThreads { get; init; }

    /// <summary>The schedulers; in bound mode one, which only polls.</summary>
    public required IReadOnlyList<SchedulerSnapshot> Schedulers { get; init; }
}
