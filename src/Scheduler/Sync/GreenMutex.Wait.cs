using System.Diagnostics;

namespace GreenThreads;

// Those who wait. Everything here is decided under the gate, where the word changes only by the compare-exchanges of the fast paths: Free <->
// Owned.
public sealed partial class GreenMutex
{
    // What a place in the list says about who waits there (Waiter.ListTag): whether it has lost after having waited for too long.
    private const long Waits = 0;
    private const long Starves = 1;

    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(1);

    // Guarded by the gate. While somebody is in it, the word is Contended, or one is on its way.
    private WaitList _waiters;

    // Whether one who waited was taken out of the list and has not arrived here yet. Guarded by the gate.
    private bool _isOneOnItsWay;

    private protected override WaitList ListAt(int index) => _waiters;

    /// <summary>Whether the calling code owns it.</summary>
    internal bool IsOwnedBy(Waiter self) => _owner == self;

    /// <summary>Takes it for the calling code, however long that takes, as part of another primitive's wait.</summary>
    internal void LockFor(Waiter self)
    {
        if (Interlocked.CompareExchange(ref _word, Owned, Free) == Free)
            _owner = self;
        else
            LockSlow(self, Deadline.Never, default);
    }

    /// <returns>True if the caller owns it now; false if the deadline has passed or the token was cancelled.</returns>
    private bool LockSlow(Waiter self, Deadline deadline, CancellationToken cancellationToken)
    {
        ThrowIfOwner(self);
        if (TryTakeOrQueue(self, hasLost: false, Waits))
            return true;
        Deadline patience = Deadline.After(s_patience);
        while (true)
        {
            // Whoever gives up does so from its place in the list. One who was taken out is on its way, and arrives below whatever has become
            // of its deadline meanwhile: the lock that was left free for it must not be lost.
            if (!ParkUntilGranted(ref _waiters, self, self, deadline, cancellationToken))
                return false;
            if (_owner == self)
                return true;
            if (TryTakeOrQueue(self, hasLost: true, patience.HasPassed ? Starves : Waits))
                return true;
        }
    }

    /// <returns>True if the caller owns it now; false if it waits now, before all others if it has lost.</returns>
    private bool TryTakeOrQueue(Waiter self, bool hasLost, long tag)
    {
        using (Gate.Enter())
        {
            if (hasLost)
                _isOneOnItsWay = false;
            while (true)
            {
                int word = Volatile.Read(ref _word);
                if (word == Free)
                {
                    if (Interlocked.CompareExchange(ref _word, _waiters.IsEmpty || _isOneOnItsWay ? Owned : Contended, Free) == Free)
                    {
                        _owner = self;
                        return true;
                    }
                }
                else if (word == Contended || Interlocked.CompareExchange(ref _word, Contended, Owned) == Owned)
                {
                    self.ListTag = tag;
                    if (hasLost)
                        _waiters.AddFirst(self);
                    else
                        _waiters.Add(self);
                    return false;
                }
            }
        }
    }

    // The word is Contended, and the caller owned it.
    private void UnlockSlow()
    {
        Waiter? next;
        using (Gate.Enter())
        {
            Debug.Assert(_word == Contended, "only the owner unlocks, and whoever queues says so");
            next = _isOneOnItsWay ? null : (Waiter?)_waiters.First;
            if (next is { ListTag: Starves })
            {
                _owner = next; // Before it leaves the list: then it looks.
                _waiters.Remove(next);
                if (_waiters.IsEmpty)
                    Volatile.Write(ref _word, Owned);
            }
            else
            {
                if (next is not null)
                {
                    _waiters.Remove(next);
                    _isOneOnItsWay = true;
                }
                Volatile.Write(ref _word, Free);
            }
        }
        next?.Wake();
    }
}
