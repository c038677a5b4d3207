namespace GreenThreads;

/// <summary>How requests run on green threads.</summary>
public sealed class GreenThreadsOptions
{
    /// <summary>Where they run; null for <see cref="SchedulerGroup.Default"/>. The application does not shut it down.</summary>
    public SchedulerGroup? Group { get; init; }
}
