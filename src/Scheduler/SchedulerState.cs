namespace GreenThreads;

/// <summary>What a scheduler is doing. A snapshot: it may have changed before the caller looks at it.</summary>
public enum SchedulerState
{
    /// <summary>It runs a green thread.</summary>
    Running,

    /// <summary>It looks for work, its own or that of others, or is between two green threads.</summary>
    Searching,

    /// <summary>It sleeps in its poller until a descriptor, a timer or another thread wakes it.</summary>
    Sleeping,

    /// <summary>It has run one green thread for longer than <see cref="SchedulerGroupOptions.MonitorThreshold"/>; others take over its work.</summary>
    Stuck,

    /// <summary>A spare scheduler that is not needed now.</summary>
    Retired,
}
