namespace GreenThreads;

/// <summary>The waiter of one wait of an asynchronous call. Its continuation runs on the thread pool, never inside the poll that woke it.</summary>
internal sealed class AsyncWaiter : Waiter
{
    private static int s_pending;

    private readonly TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Interest _interest;
    private readonly WaitDirection _direction;

    internal AsyncWaiter(Interest interest, WaitDirection direction)
    {
        _interest = interest;
        _direction = direction;
    }

    /// <summary>How many asynchronous calls wait at this moment.</summary>
    internal static int Pending => Volatile.Read(ref s_pending);

    /// <summary>Completes when woken. Called once, after the waiter was linked.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled first; the waiter has left its list.</exception>
    internal async Task WaitAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref s_pending);
        try
        {
            using (cancellationToken.UnsafeRegister(static (state, token) => ((AsyncWaiter)state!).Cancel(token), this))
                await _woken.Task.ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref s_pending);
        }
    }

    internal override void Wake()
    {
        // To the thread pool's queue, which has locks.
        using (NoPark.Enter())
            _woken.TrySetResult();
    }

    internal override bool ParkCore(Deadline deadline) => throw new InvalidOperationException("an asynchronous call does not park");

    private void Cancel(CancellationToken cancellationToken)
    {
        _interest.Unlink(_direction, this);
        _woken.TrySetCanceled(cancellationToken);
    }
}
