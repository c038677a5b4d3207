namespace GreenThreads;

/// <summary>How a green thread has ended: what links and monitors tell.</summary>
/// <param name="Thread">The one that has ended.</param>
/// <param name="Kind">How.</param>
/// <param name="Exception">What ended it; null if its body has returned.</param>
public readonly record struct GreenThreadEnd(GreenThread Thread, GreenThreadEndKind Kind, Exception? Exception)
{
    /// <summary>Whether it was neither a return nor a cancellation for its own sake: a failure, or a cancellation that another failure has caused.</summary>
    public bool IsFailure => Kind == GreenThreadEndKind.Failed || (Kind == GreenThreadEndKind.Canceled && Exception?.InnerException is not null);
}
