namespace GreenThreads;

/// <summary>Whom a supervisor restarts when one of its children fails.</summary>
public enum RestartStrategy
{
    /// <summary>Only the one that failed: the children do not depend on each other.</summary>
    OneForOne,

    /// <summary>All: the others are ended, in reverse order, and then all are started again.</summary>
    OneForAll,

    /// <summary>The one that failed and those that come after it in the order of start, which depend on it.</summary>
    RestForOne,
}
