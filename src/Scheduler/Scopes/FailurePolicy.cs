namespace GreenThreads;

/// <summary>What the end of one child means for the others of its <see cref="GreenScope"/>, and what <see cref="GreenScope.Join()"/> throws.</summary>
public enum FailurePolicy
{
    /// <summary>The first failure cancels the other children; <see cref="GreenScope.Join()"/> throws it, as it is. All are needed: the default.</summary>
    FailFast,

    /// <summary>
    /// A failure changes nothing for the others; <see cref="GreenScope.Join()"/> throws an <see cref="AggregateException"/> with all of them, in the order in which
    /// they came. Failures add up until then: children of a scope that lives for days had better catch their own.
    /// </summary>
    CollectAll,

    /// <summary>
    /// The first child that ends well is the <see cref="GreenScope.Winner"/> and cancels the others. <see cref="GreenScope.Join()"/> throws, an
    /// <see cref="AggregateException"/>, only if all failed.
    /// </summary>
    FirstSuccess,
}
