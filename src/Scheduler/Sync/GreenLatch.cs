namespace GreenThreads;

// A count under the gate. When it comes to nothing, those who wait at that moment go on, whether or not somebody adds to it again at once:
// each place in the list says in which round it was taken (Waiter.ListTag).

/// <summary>
/// A count of what is still to be done, and a wait for nothing to be left: what Go calls a WaitGroup and Java a CountDownLatch. For green
/// threads and OS threads: whoever waits parks, or blocks its OS thread if it is none. It may be used again after it has come to nothing.
/// </summary>
/// <remarks>Add before you spawn what is going to signal, not in it: otherwise a wait may find nothing to wait for yet.</remarks>
public sealed class GreenLatch : GreenPrimitive
{
    // Written under the gate.
    private int _count;

    // Guarded by the gate.
    private WaitList _waiters;
    private long _round;

    /// <summary>Creates a latch.</summary>
    /// <param name="count">How many signals are to come.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public GreenLatch(int count = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        _count = count;
    }

    /// <summary>How many signals are still to come at this moment.</summary>
    public int CurrentCount => Volatile.Read(ref _count);

    /// <summary>Whether nothing is left, so that a wait returns at once.</summary>
    public bool IsSet => CurrentCount == 0;

    private protected override WaitList ListAt(int index) => _waiters;

    /// <summary>More signals are to come. Does not park.</summary>
    /// <param name="count">How many more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is not positive.</exception>
    /// <exception cref="InvalidOperationException">It would be more than <see cref="int.MaxValue"/>.</exception>
    public void Add(int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        EnterAsWaiter();
        int before;
        using (Gate.Enter())
        {
            before = _count;
            if (count <= int.MaxValue - before)
            {
                Volatile.Write(ref _count, before + count);
                return;
            }
        }
        throw new InvalidOperationException($"{count} more signals than the {before} of {this} are too many to count");
    }

    /// <summary>Something is done. The last signal lets everybody go on who waits. Does not park.</summary>
    /// <param name="count">How much is done.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is not positive.</exception>
    /// <exception cref="InvalidOperationException">These are more signals than were to come. None of them counts.</exception>
    public void Signal(int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        EnterAsWaiter();
        int before;
        long round = 0;
        using (Gate.Enter())
        {
            before = _count;
            if (count <= before)
            {
                Volatile.Write(ref _count, before - count);
                if (_count > 0 || _waiters.IsEmpty)
                    return;
                round = ++_round;
            }
        }
        if (count > before)
            throw new InvalidOperationException($"{count} signals are more than the {before} that {this} waits for");
        WakeAllBefore(round, ref _waiters);
    }

    /// <summary>Waits until nothing is left. Parks a green thread; blocks a plain OS thread.</summary>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    public void Wait() => WaitCore(Deadline.Never, default);

    /// <summary>The same, until the token is cancelled.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled first, or before.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    public void Wait(CancellationToken cancellationToken)
    {
        if (!WaitCore(Deadline.Never, cancellationToken))
            throw new OperationCanceledException(cancellationToken);
    }

    /// <summary>Waits until nothing is left, for a limited time. Parks a green thread; blocks a plain OS thread.</summary>
    /// <param name="timeout">How long at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait as well.</param>
    /// <returns>False if the time passed first.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first, or before.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    public bool TryWait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (WaitCore(Deadline.After(timeout), cancellationToken))
            return true;
        cancellationToken.ThrowIfCancellationRequested();
        return false;
    }

    private bool WaitCore(Deadline deadline, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Waiter self = EnterAsWaiter();
        if (IsSet)
            return true;
        using (Gate.Enter())
        {
            if (_count == 0)
                return true;
            self.ListTag = _round;
            _waiters.Add(self);
        }
        return ParkUntilGranted(ref _waiters, self, self, deadline, cancellationToken);
    }
}
