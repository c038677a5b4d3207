namespace GreenThreads;

/// <summary>How a green thread has ended: what links and monitors tell.</summary>
/// <param name="Thread">The one that has ended.</param>
/// <param name="Kind">How.</param>
/// <param name="Exception">What ended it; null if its body has returned.</param>
public readonly record struct GreenThreadEnd(GreenThread Thread, GreenThreadEndKind Kind, Exception? Exception)
{
    /// <summary>
    /// Whether something went wrong: it has failed, or it was cancelled because another one has (which the cancellation then names). False if its body has returned, and if it was
    /// cancelled for its own sake.
    /// </summary>
    public bool IsFailure
    {
        get
        {
            if (Kind == GreenThreadEndKind.Failed)
                return true;
            Exception? cause = Exception;
            while (cause is GreenThreadCanceledException)
                cause = cause.InnerException;
            return cause is not null;
        }
    }
}
