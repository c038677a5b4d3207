namespace GreenThreads;

/// <summary>Watches the end of a green thread, and does nothing to either of the two: see <see cref="GreenThread.Monitor(GreenThread)"/>. All members from any thread.</summary>
public sealed class GreenThreadMonitor : IDisposable
{
    private readonly IEndNotice? _notice;
    private int _isDisposed;

    internal GreenThreadMonitor(GreenThread thread, IEndNotice? notice = null)
    {
        Thread = thread;
        _notice = notice;
    }

    /// <summary>The one that is watched.</summary>
    public GreenThread Thread { get; }

    /// <summary>
    /// Waits for its end and tells how it came; what ended it counts as observed. Returns at once if it has ended. Parks a green thread; blocks a plain OS thread.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">The caller is the green thread itself.</exception>
    /// <exception cref="ObjectDisposedException">The monitor was disposed of before.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="GreenThreadCanceledException">The calling green thread is cancelled.</exception>
    public GreenThreadEnd Wait(CancellationToken cancellationToken = default)
    {
        TryWait(Timeout.InfiniteTimeSpan, out GreenThreadEnd end, cancellationToken);
        return end;
    }

    /// <summary>The same, for a limited time.</summary>
    /// <param name="timeout">How long at most; zero only looks, <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="end">How it has ended.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the time passed first.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <inheritdoc cref="Wait" path="/exception"/>
    public bool TryWait(TimeSpan timeout, out GreenThreadEnd end, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
        end = default;
        if (!Thread.WaitForEnd(Deadline.After(timeout), cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
        end = Thread.TakeEnd();
        return true;
    }

    /// <summary>
    /// Ends the watch. No message comes any more, and one that lies in the mailbox and was not received yet is taken out. Does not park. Waits that are
    /// under way go on.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            _notice?.Withdraw();
    }
}
