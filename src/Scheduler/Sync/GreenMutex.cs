using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GreenThreads;

// A lock with an owner. One word says all that the fast paths need; what they cannot do is done under the gate (GreenMutex.Wait.cs).
//
//   Free      -> Owned        compare-exchange: by anybody who comes, also past those who wait
//   Owned     -> Free         compare-exchange: unlocked, nobody to think of
//   Owned     -> Contended    gate: somebody queues, and the next to unlock must come to the gate
//   Contended -> Free         gate: unlocked, and one who waited is on its way; it competes with whoever comes by
//   Contended -> Owned|Contended   gate: unlocked by handing it to one who has waited for too long; contended if others are left
//   Free      -> Contended    gate: one who was on its way has it now, and others wait
//
// At most one of those who waited is on its way at a time. While it is, the word need not say that others wait: it says so itself when it
// arrives, having got the lock or not. So an owner that comes and goes in a loop pays for those who wait once, and not at each unlock.
//
// Bounded unfairness. To let others past those who wait is what makes a lock fast: handed over at each unlock, it would stay closed until the
// next owner has come to run, and threads would pass it on at the pace of switches. But it lets one who waits lose for ever. So whoever has
// waited for a millisecond and loses once more gets the lock from the next one to unlock, directly. The rule and the millisecond are those of
// Go's sync.Mutex ("starvation mode", starvationThresholdNs in internal/sync/mutex.go, https://github.com/golang/go/issues/13086).

/// <summary>
/// A lock for green threads and OS threads: whoever waits for it parks, or blocks its OS thread if it is none. It belongs to the green thread
/// (or the OS thread) that locked it, is not reentrant, and is fair as far as docs/locks.md says. Whatever a green thread does while it owns
/// the lock, parks included, leaves its scheduler free for others.
/// </summary>
public sealed partial class GreenMutex : GreenPrimitive
{
    private const int Free = 0;
    private const int Owned = 1;
    private const int Contended = 2; // Owned, and who unlocks must come to the gate.

    private int _word;

    // Who owns it; null before the word is free. Written by the owner, or by who hands it over. The owner can tell that it is by itself.
    private Waiter? _owner;

    /// <summary>Whether somebody owns it at this moment. For people and tools.</summary>
    public bool IsLocked => Volatile.Read(ref _word) != Free;

    /// <summary>
    /// The green thread that owns it; null if none does, or an OS thread does. For people and tools: it has changed when the caller looks at
    /// it.
    /// </summary>
    public GreenThread? Owner => Volatile.Read(ref _owner) as GreenThread;

    /// <inheritdoc/>
    internal override Waiter? OwnerForTools => Volatile.Read(ref _owner);

    /// <summary>Takes the lock; waits for it if need be. Parks a green thread; blocks a plain OS thread.</summary>
    /// <returns>Gives it back when disposed of: using (mutex.Lock()) { ... }</returns>
    /// <exception cref="LockRecursionException">The caller owns it.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    public Scope Lock()
    {
        Waiter self = EnterAsWaiter();
        if (Interlocked.CompareExchange(ref _word, Owned, Free) == Free)
            _owner = self;
        else
            LockSlow(self, Deadline.Never, default);
        return new Scope(this, self);
    }

    /// <summary>The same, until the token is cancelled.</summary>
    /// <param name="cancellationToken">Ends the wait. If it is cancelled already, the lock is not taken.</param>
    /// <returns>Gives it back when disposed of.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="LockRecursionException">The caller owns it.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    public Scope Lock(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Waiter self = EnterAsWaiter();
        if (Interlocked.CompareExchange(ref _word, Owned, Free) == Free)
            _owner = self;
        else if (!LockSlow(self, Deadline.Never, cancellationToken))
            throw new OperationCanceledException(cancellationToken);
        return new Scope(this, self);
    }

    /// <summary>Takes the lock if it is free. Does not park.</summary>
    /// <returns>Whether the caller owns it now; if so, it owes an <see cref="Unlock"/>.</returns>
    /// <exception cref="LockRecursionException">The caller owns it already.</exception>
    public bool TryLock()
    {
        Waiter self = EnterAsWaiter();
        if (Interlocked.CompareExchange(ref _word, Owned, Free) == Free)
        {
            _owner = self;
            return true;
        }
        ThrowIfOwner(self);
        return false;
    }

    /// <summary>Takes the lock, or waits for it for a limited time. Parks a green thread; blocks a plain OS thread.</summary>
    /// <param name="timeout">How long at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait as well. If it is cancelled already, the lock is not taken.</param>
    /// <returns>Whether the caller owns it now; if so, it owes an <see cref="Unlock"/>. False if the time passed first.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="LockRecursionException">The caller owns it already.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    public bool TryLock(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Deadline deadline = Deadline.After(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        Waiter self = EnterAsWaiter();
        if (Interlocked.CompareExchange(ref _word, Owned, Free) == Free)
        {
            _owner = self;
            return true;
        }
        if (LockSlow(self, deadline, cancellationToken))
            return true;
        cancellationToken.ThrowIfCancellationRequested();
        return false;
    }

    /// <summary>Gives the lock back. Does not park.</summary>
    /// <exception cref="SynchronizationLockException">The caller does not own it.</exception>
    public void Unlock() => UnlockFor(EnterAsWaiter());

    /// <summary>Gives it back for the calling code.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void UnlockFor(Waiter self)
    {
        if (_owner != self)
            ThrowNotOwner();
        _owner = null; // Before the word: afterwards it is the next owner's.
        if (Interlocked.CompareExchange(ref _word, Free, Owned) != Owned)
            UnlockSlow();
    }

    private void ThrowIfOwner(Waiter self)
    {
        // Nobody else ever writes the caller here while it does not wait, so this needs no fence.
        if (_owner == self)
            throw new LockRecursionException($"{self} owns {this} already, which is not reentrant");
    }

    private void ThrowNotOwner() =>
        throw new SynchronizationLockException($"{this} is not owned by the caller, but by {_owner?.ToString() ?? "nobody"}");

    /// <summary>Gives the lock back when disposed of.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public readonly ref struct Scope
    {
        private readonly GreenMutex? _mutex;
        private readonly Waiter _owner;

        internal Scope(GreenMutex mutex, Waiter owner)
        {
            Debug.Assert(mutex._owner == owner, "whoever has a scope owns the lock");
            _mutex = mutex;
            _owner = owner;
        }

        /// <summary>Gives the lock back. Does not park.</summary>
        /// <exception cref="SynchronizationLockException">The caller does not own it any more.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Dispose() => _mutex?.UnlockFor(_owner);
    }
}
