using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GreenThreads;

// The count, and a value of it that sends everybody to the gate:
//
//   n >= 0     n permits, nobody waits: taken and given back by compare-exchange
//   Waited     no permits, and somebody waits, or did: changes under the gate only
//
// Permits that are released while somebody waits are handed over, in the order of the list, and never lie about for others to take meanwhile.
// One who gives up leaves Waited behind; the next release finds nobody and puts that right.

/// <summary>
/// A number of permits, for green threads and OS threads: whoever waits for one parks, or blocks its OS thread if it is none. First come,
/// first served. Permits belong to nobody: who takes one and who gives one back need not be the same.
/// </summary>
public sealed class GreenSemaphore : GreenPrimitive
{
    private const int Waited = -1;

    private readonly int _maximum;
    private int _count;

    // Guarded by the gate.
    private WaitList _waiters;

    /// <summary>Creates a semaphore.</summary>
    /// <param name="initial">How many permits there are at first.</param>
    /// <param name="maximum">How many there may be at most.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The initial count is negative or above the maximum, or the maximum is not positive.
    /// </exception>
    public GreenSemaphore(int initial, int maximum = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(initial);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maximum);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(initial, maximum);
        _count = initial;
        _maximum = maximum;
    }

    /// <summary>How many permits are there at this moment. For people and tools.</summary>
    public int CurrentCount => Math.Max(0, Volatile.Read(ref _count));

    private protected override WaitList ListAt(int index) => _waiters;

    /// <summary>Takes a permit; waits for it if need be. Parks a green thread; blocks a plain OS thread.</summary>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    public void Wait()
    {
        Waiter self = EnterAsWaiter();
        if (!TryTake())
            WaitSlow(self, Deadline.Never, default);
    }

    /// <summary>The same, until the token is cancelled.</summary>
    /// <param name="cancellationToken">Ends the wait. If it is cancelled already, no permit is taken.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    public void Wait(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Waiter self = EnterAsWaiter();
        if (!TryTake() && !WaitSlow(self, Deadline.Never, cancellationToken))
            throw new OperationCanceledException(cancellationToken);
    }

    /// <summary>Takes a permit if there is one. Does not park.</summary>
    /// <returns>Whether a permit was taken.</returns>
    public bool TryWait()
    {
        EnterAsWaiter();
        return TryTake();
    }

    /// <summary>Takes a permit, or waits for it for a limited time. Parks a green thread; blocks a plain OS thread.</summary>
    /// <param name="timeout">How long at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait as well. If it is cancelled already, no permit is taken.</param>
    /// <returns>Whether a permit was taken; false if the time passed first.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    public bool TryWait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Deadline deadline = Deadline.After(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        Waiter self = EnterAsWaiter();
        if (TryTake() || WaitSlow(self, deadline, cancellationToken))
            return true;
        cancellationToken.ThrowIfCancellationRequested();
        return false;
    }

    /// <summary>Gives permits back, or adds some: those who wait longest get them. Does not park.</summary>
    /// <param name="count">How many.</param>
    /// <returns>How many there were before; none if somebody waited.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The count is not positive.</exception>
    /// <exception cref="SemaphoreFullException">There would be more than the maximum. None is added.</exception>
    public int Release(int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        EnterAsWaiter();
        int before = Volatile.Read(ref _count);
        while (before >= 0)
        {
            if (IsTooMany(before, count))
                ThrowTooMany(count);
            int found = Interlocked.CompareExchange(ref _count, before + count, before);
            if (found == before)
                return before;
            before = found;
        }
        return ReleaseSlow(count);
    }

    /// <summary>Takes a permit, under the gate. If there is none, from then on nobody can release one without the gate.</summary>
    internal bool TryTakeLocked()
    {
        Gate.AssertHeld();
        while (true)
        {
            if (TryTake())
                return true;
            // The compare-exchange also fails if it is Waited already.
            if (Volatile.Read(ref _count) == Waited || Interlocked.CompareExchange(ref _count, Waited, 0) == 0)
                return false;
        }
    }

    /// <summary>Puts a node among those who wait, after <see cref="TryTakeLocked"/> has failed, without having freed the gate.</summary>
    internal void AddWaiterLocked(WaitNode node)
    {
        Gate.AssertHeld();
        Debug.Assert(_count == Waited, "a release must not go by without the gate");
        _waiters.Add(node);
    }

    /// <summary>Takes a node out again, under the gate, if it is still there.</summary>
    internal void RemoveWaiterLocked(WaitNode node)
    {
        Gate.AssertHeld();
        if (node.IsInList)
            _waiters.Remove(node);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryTake()
    {
        int count = Volatile.Read(ref _count);
        while (count > 0)
        {
            int found = Interlocked.CompareExchange(ref _count, count - 1, count);
            if (found == count)
                return true;
            count = found;
        }
        return false;
    }

    private bool WaitSlow(Waiter self, Deadline deadline, CancellationToken cancellationToken)
    {
        using (Gate.Enter())
        {
            if (TryTakeLocked())
                return true;
            AddWaiterLocked(self);
        }
        return ParkUntilGranted(ref _waiters, self, self, deadline, cancellationToken);
    }

    private int ReleaseSlow(int count)
    {
        int before;
        int left;
        bool isTooMany;
        WakeBatch ready = default;
        using (Gate.Enter())
        {
            before = Math.Max(0, Volatile.Read(ref _count));
            left = IsTooMany(before, count) ? count : HandOverLocked(count, ref ready);
            isTooMany = left == count;
        }
        ready.Wake();
        while (left > 0 && !isTooMany)
        {
            using (Gate.Enter())
            {
                int leftBefore = left;
                left = HandOverLocked(left, ref ready);
                isTooMany = left == leftBefore;
            }
            ready.Wake();
        }
        if (isTooMany)
            ThrowTooMany(left);
        return before;
    }

    /// <returns>
    /// How many are left to hand over, with the gate free meanwhile; what nobody waits for is added. As many as before if that would be more than the maximum.
    /// </returns>
    private int HandOverLocked(int count, ref WakeBatch ready)
    {
        while (count > 0 && !ready.IsFull)
        {
            // Those who wait are gone once the count is a count again, and others release without the gate then.
            if (_count == Waited && _waiters.TakeFirstClaimed() is { } next)
            {
                ready.Add(next);
                count--;
                continue;
            }
            return TryAddLocked(count) ? 0 : count;
        }
        return count;
    }

    private bool TryAddLocked(int count)
    {
        if (_count == Waited)
        {
            Volatile.Write(ref _count, count);
            return true;
        }
        int before = Volatile.Read(ref _count);
        while (!IsTooMany(before, count))
        {
            int found = Interlocked.CompareExchange(ref _count, before + count, before);
            if (found == before)
                return true;
            before = found;
        }
        return false;
    }

    private bool IsTooMany(int there, int more) => more > _maximum - there;

    // With the gate free: filters and handlers of a user's run before a finally block frees it.
    private void ThrowTooMany(int more) => throw new SemaphoreFullException($"{more} more permits would be more than the {_maximum} of {this}");
}
