namespace GreenThreads;

/// <summary>Why a green thread is cancelled, other than that its group ends.</summary>
internal sealed class CancelReason(string message, Exception? cause = null)
{
    /// <summary>Somebody called <see cref="GreenThread.Cancel()"/>.</summary>
    internal static CancelReason Plain { get; } = new("the green thread was cancelled");

    /// <summary>For people.</summary>
    internal string Message { get; } = message;

    /// <summary>The failure that led to it, if there was one.</summary>
    internal Exception? Cause { get; } = cause;

    /// <summary>A new one each time: an exception has the stack trace of one throw.</summary>
    internal GreenThreadCanceledException CreateException() => Cause is { } inner ? new(Message, inner) : new(Message);
}
