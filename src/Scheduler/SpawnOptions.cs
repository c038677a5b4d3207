namespace GreenThreads;

/// <summary>What a green thread is spawned with, beside its body.</summary>
internal readonly struct SpawnOptions
{
    internal string? Name { get; init; }

    /// <summary>Where in the source; filled in by the compiler.</summary>
    internal string? File { get; init; }

    internal int Line { get; init; }

    internal bool IsDaemon { get; init; }

    /// <summary>The one scheduler where it may run, or null.</summary>
    internal Scheduler? Home { get; init; }

    /// <summary>What it runs in; null for that of the caller.</summary>
    internal ExecutionContext? Context { get; init; }

    /// <summary>Whether a shutdown does not cancel it: it is part of the shutdown.</summary>
    internal bool IsExempt { get; init; }

    /// <summary>Whether an exception is kept whatever the group's policy says: somebody has the task already.</summary>
    internal bool KeepsExceptions { get; init; }
}
