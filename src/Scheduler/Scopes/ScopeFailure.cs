using System.Runtime.ExceptionServices;

namespace GreenThreads;

/// <summary>What ended one child of a scope, and whether anybody was told. In a list of the scope's, guarded by its gate.</summary>
internal sealed class ScopeFailure(GreenThread child, ExceptionDispatchInfo info, bool isOfGroup)
{
    internal ExceptionDispatchInfo Info { get; } = info;

    internal Exception Exception => Info.SourceException;

    /// <summary>Whether it only says that the child's group is being shut down.</summary>
    internal bool IsOfGroup { get; } = isOfGroup;

    internal ScopeFailure? Next { get; set; }

    internal bool IsObserved { get; set; }

    // Not the child itself, which would keep its result alive.
    private readonly string _child = child.Name ?? $"green thread {child.Id}";
    private readonly SchedulerGroup _group = child.Group;

    /// <summary>Tells the process of it, which is the last who can be told.</summary>
    internal void Report() => _group.ReportUnobserved(_child, Exception);
}
