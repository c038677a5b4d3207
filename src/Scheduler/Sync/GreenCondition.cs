using System.Runtime.ExceptionServices;

namespace GreenThreads;

// A list of those who wait, beside the mutex that guards what they wait for. Whoever waits is in the list before it gives the mutex back, so
// no notification by somebody who has had the mutex since can miss it. A notification takes one out of the list: it is that one's, whatever
// else happens to it meanwhile.
//
// Rejected: to move those who are notified into the list of the mutex instead of waking them. It saves a wake-up each when many are notified
// at once, and costs a second way into that list, with timeouts and cancellation between the two.

/// <summary>
/// Where to wait for something that a <see cref="GreenMutex"/> guards, for green threads and OS threads: the mutex is given back during the
/// wait and owned again afterwards, however the wait ends. What was waited for may have gone again by then, so always look in a loop: while
/// (!condition) c.Wait();
/// </summary>
public sealed class GreenCondition : GreenPrimitive
{
    // Guarded by the gate.
    private WaitList _waiters;

    // How often all were notified; each place says how often they had been when it was taken (Waiter.ListTag). Guarded by the gate.
    private long _round;

    /// <summary>Creates a condition.</summary>
    /// <param name="mutex">Guards what is waited for.</param>
    /// <exception cref="ArgumentNullException">There is no mutex.</exception>
    public GreenCondition(GreenMutex mutex)
    {
        ArgumentNullException.ThrowIfNull(mutex);
        Mutex = mutex;
    }

    /// <summary>The mutex that whoever waits must own.</summary>
    public GreenMutex Mutex { get; }

    private protected override WaitList ListAt(int index) => _waiters;

    /// <summary>
    /// Gives the mutex back, waits for a notification, and takes the mutex again. Parks a green thread; blocks a plain OS thread.
    /// </summary>
    /// <exception cref="SynchronizationLockException">The caller does not own the mutex.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled. It owns the mutex again.</exception>
    public void Wait() => WaitCore(Deadline.Never, default);

    /// <summary>The same, until the token is cancelled.</summary>
    /// <param name="cancellationToken">Ends the wait for a notification.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled first. The caller owns the mutex again.</exception>
    /// <exception cref="SynchronizationLockException">The caller does not own the mutex.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled. It owns the mutex again.</exception>
    public void Wait(CancellationToken cancellationToken)
    {
        if (!WaitCore(Deadline.Never, cancellationToken))
            throw new OperationCanceledException(cancellationToken);
    }

    /// <summary>The same, for a limited time.</summary>
    /// <param name="timeout">
    /// How long at most for a notification; <see cref="Timeout.InfiniteTimeSpan"/> for no limit. It may take longer to get the mutex again.
    /// </param>
    /// <param name="cancellationToken">Ends the wait for a notification as well.</param>
    /// <returns>False if the time passed without a notification. The caller owns the mutex again in either case.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first. The caller owns the mutex again.</exception>
    /// <exception cref="SynchronizationLockException">The caller does not own the mutex.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled. It owns the mutex again.</exception>
    public bool TryWait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (WaitCore(Deadline.After(timeout), cancellationToken))
            return true;
        cancellationToken.ThrowIfCancellationRequested();
        return false;
    }

    /// <summary>
    /// Notifies the one who has waited longest, if anybody waits. Does not park. The caller usually owns the mutex, but need not.
    /// </summary>
    public void NotifyOne()
    {
        EnterAsWaiter();
        WaitNode? next;
        using (Gate.Enter())
            next = _waiters.TakeFirst();
        next?.Wake();
    }

    /// <summary>Notifies all who wait at this moment. Does not park. The caller usually owns the mutex, but need not.</summary>
    public void NotifyAll()
    {
        EnterAsWaiter();
        long round;
        using (Gate.Enter())
            round = ++_round;
        WakeAllBefore(round, ref _waiters);
    }

    private bool WaitCore(Deadline deadline, CancellationToken cancellationToken)
    {
        Waiter self = EnterAsWaiter();
        if (!Mutex.IsOwnedBy(self))
            throw new SynchronizationLockException($"who waits for {this} must own {Mutex}");
        cancellationToken.ThrowIfCancellationRequested();
        using (Gate.Enter())
        {
            self.ListTag = _round;
            _waiters.Add(self);
        }
        Mutex.UnlockFor(self);
        bool isNotified = false;
        ExceptionDispatchInfo? failure = null;
        try
        {
            isNotified = ParkUntilGranted(ref _waiters, self, self, deadline, cancellationToken);
        }
        catch (Exception exception)
        {
            // Not taken again in here: a park inside a handler has to go on on the same OS thread (DESIGN.md §2 rule 9).
            failure = ExceptionDispatchInfo.Capture(exception);
        }
        LockAgain(self);
        failure?.Throw();
        return isNotified;
    }

    private void LockAgain(Waiter self)
    {
        bool isInterrupted = false;
        using (GreenThread.Shield())
        {
            while (!Mutex.IsOwnedBy(self))
            {
                try
                {
                    Mutex.LockFor(self);
                }
                catch (ThreadInterruptedException)
                {
                    // An OS thread; it is told when it owns the mutex.
                    isInterrupted = true;
                }
            }
        }
        if (isInterrupted)
            Thread.CurrentThread.Interrupt();
    }
}
