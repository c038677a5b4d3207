namespace GreenThreads;

/// <summary>How a <see cref="SchedulerGroup.Shutdown"/> ended.</summary>
public sealed class ShutdownReport
{
    internal ShutdownReport(bool hasDrained, bool isComplete, IReadOnlyList<UnfinishedGreenThread> unfinished, IReadOnlyList<Exception> exitFailures)
    {
        HasDrained = hasDrained;
        IsComplete = isComplete;
        Unfinished = unfinished;
        ExitFailures = exitFailures;
    }

    /// <summary>Whether every green thread that was not a daemon ended by itself, before any was cancelled.</summary>
    public bool HasDrained { get; }

    /// <summary>Whether all have ended, cancelled or not, and the group's OS threads with them.</summary>
    public bool IsComplete { get; }

    /// <summary>
    /// The green threads that had started and did not end although they were cancelled. The group's OS threads live on until they do. Many thousands that were
    /// cancelled at once may need more than the second that a shutdown has, and be found here although they are about to end.
    /// </summary>
    public IReadOnlyList<UnfinishedGreenThread> Unfinished { get; }

    /// <summary>What <see cref="SchedulerGroup.AtExit"/> callbacks threw, and which there was no time for.</summary>
    public IReadOnlyList<Exception> ExitFailures { get; }
}

/// <summary>A green thread that outlived the shutdown of its group.</summary>
public sealed class UnfinishedGreenThread
{
    internal UnfinishedGreenThread(GreenThread thread, IReadOnlyList<string> stack)
    {
        Thread = thread;
        Stack = stack;
    }

    /// <summary>Which.</summary>
    public GreenThread Thread { get; }

    /// <summary>Its managed methods, innermost first, as far as they could be found out; it may have gone on meanwhile. Empty for those beyond the first hundred.</summary>
    public IReadOnlyList<string> Stack { get; }
}
