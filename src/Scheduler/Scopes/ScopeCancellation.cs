namespace GreenThreads;

/// <summary>What cancelled a scope.</summary>
internal enum ScopeCancellationKind
{
    /// <summary>A child failed, and the policy is <see cref="FailurePolicy.FailFast"/>.</summary>
    Failure,

    /// <summary>A child ended well, and the policy is <see cref="FailurePolicy.FirstSuccess"/>.</summary>
    Success,

    /// <summary>The deadline has passed: its own, or that of a scope around it.</summary>
    Deadline,

    /// <summary>A token that was given to it, or to a scope around it.</summary>
    Token,

    /// <summary>Somebody called <see cref="GreenScope.Cancel()"/>.</summary>
    Request,

    /// <summary>Its owner left it without waiting for the children.</summary>
    Left,

    /// <summary>A scope around it was cancelled for what is nobody's business in here.</summary>
    Enclosing,
}

/// <summary>Why a scope is cancelled: what its children are told, and what its owner is.</summary>
internal sealed class ScopeCancellation(ScopeCancellationKind kind, string message, Exception? cause = null, CancellationToken token = default)
{
    internal ScopeCancellationKind Kind { get; } = kind;

    /// <summary>For people.</summary>
    internal string Message { get; } = message;

    /// <summary>For <see cref="ScopeCancellationKind.Token"/>.</summary>
    internal CancellationToken Token { get; } = token;

    /// <summary>What the children's parks throw.</summary>
    internal CancelReason Reason { get; } = new(message, cause);

    /// <summary>The same for the scopes inside: they too are told of deadlines and tokens as such.</summary>
    internal ScopeCancellation ForInner =>
        Kind is ScopeCancellationKind.Deadline or ScopeCancellationKind.Token or ScopeCancellationKind.Enclosing
            ? this
            : new ScopeCancellation(ScopeCancellationKind.Enclosing, Message, Reason.Cause);
}
