namespace GreenThreads;

/// <summary>What a scheduler is there for.</summary>
internal enum SchedulerKind : byte
{
    /// <summary>One of those that its group was made with.</summary>
    Regular,

    /// <summary>Works while all others are stuck (SchedulerMonitor.Spares.cs).</summary>
    Spare,

    /// <summary>Carries green threads that are about to block (BlockingHosts.cs).</summary>
    Host,
}
