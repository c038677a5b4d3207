using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads;

// The runnable green threads of one scheduler: a ring of bounded size, first in first out, from which other schedulers steal half; and one slot
// beside it for the green thread that is to run next.
//
//   owner   TryPush      tail++                                  plain stores, no locked operation: this is the spawn path
//   owner   Pop          compare-exchange head -> head + 1
//   thief   StealHalfOf  copy half of the victim's ring into one's own, then compare-exchange the victim's head -> head + n
//   owner   TakeHalf     the same into an array, when the ring is full
//   owner   PushNext     into the slot: a plain store if it is empty, since nobody else fills it; otherwise an exchange, and what was in it goes to the ring
//   anyone  TakeNext     exchange the slot with null (the owner, or the monitor when the owner is stuck)
//
// Head and tail only grow, and wrap around; entries lie at head .. tail - 1. Whoever moves the head owns what lay there. A thief copies before it
// moves the head: if the head has moved meanwhile, what it copied may be garbage, the compare-exchange fails, and it tries again. Only the owner
// writes to the ring, so nobody but the owner clears what was consumed: ClearConsumed, before it sleeps and now and then. Until then the ring
// keeps some ended green threads from being collected.
// This is the queue of Go's scheduler (runtime/proc.go, runqput, runqget, runqgrab) and of tokio's.
//
// Rejected:
//   - The deque of Chase and Lev: the owner takes last in first out, which starves; and each take needs a full fence all the same.
//   - A lock that costs its owner nothing (the thief forces a fence on it by membarrier(2)): saves the owner's locked operation, some five
//     nanoseconds a pick, and costs each theft an interrupt of every core. To be measured again when the plain way is proven.
//   - Taking an entry and leaving it to the thief to clear it: the owner may have filled the place again.
internal sealed class RunQueue<TAtomics>
    where TAtomics : struct, IAtomics
{
    /// <summary>Go and tokio use the same; a power of two.</summary>
    internal const int StandardCapacity = 256;

    private readonly Slot[] _ring;
    private readonly int _mask;
    private RunQueueIndices _indices;
    private GreenThread? _next;

    // Owner only: everything before has been cleared.
    private int _cleared;

    internal RunQueue(int capacity = StandardCapacity)
    {
        if (capacity < 2 || (capacity & (capacity - 1)) != 0)
            throw new ArgumentOutOfRangeException(nameof(capacity), capacity, "the capacity of a run queue is a power of two, and two at least");
        _ring = new Slot[capacity];
        _mask = capacity - 1;
    }

    /// <summary>The size of the ring.</summary>
    internal int Capacity => _ring.Length;

    /// <summary>How many lie in the ring. Any thread; has changed when the caller looks at it, save that for the owner it can only have become less.</summary>
    internal int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            int head = TAtomics.Read(ref _indices.Head);
            return Math.Clamp(unchecked(TAtomics.Read(ref _indices.Tail) - head), 0, _ring.Length);
        }
    }

    /// <summary>Whether somebody is in the slot. Any thread.</summary>
    internal bool HasNext
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TAtomics.Read(ref _next) is not null;
    }

    /// <summary>Appends. Owner only.</summary>
    /// <returns>False if the ring is full.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryPush(GreenThread thread)
    {
        int tail = _indices.Tail;
        if (unchecked(tail - TAtomics.Read(ref _indices.Head)) >= _ring.Length) // Acquire: pairs with the compare-exchange of a thief, which has read the entry.
            return false;
        TAtomics.Write(ref _ring[tail & _mask].Thread, thread);
        TAtomics.Write(ref _indices.Tail, unchecked(tail + 1)); // Release: pairs with the acquire of a thief.
        return true;
    }

    /// <summary>Takes the oldest, or null. Owner only.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal GreenThread? Pop()
    {
        while (true)
        {
            int head = TAtomics.Read(ref _indices.Head);
            if (head == _indices.Tail)
                return null;
            GreenThread? thread = TAtomics.Read(ref _ring[head & _mask].Thread);
            if (TAtomics.CompareExchange(ref _indices.Head, unchecked(head + 1), head) == head)
                return thread;
        }
    }

    /// <summary>Puts a green thread into the slot. Owner only.</summary>
    /// <returns>Who was in it and must be pushed now, if anybody.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal GreenThread? PushNext(GreenThread thread)
    {
        if (TAtomics.Read(ref _next) is not null)
            return TAtomics.Exchange(ref _next, thread);
        TAtomics.Write(ref _next, thread);
        return null;
    }

    /// <summary>Empties the slot. Any thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal GreenThread? TakeNext() => TAtomics.Read(ref _next) is null ? null : TAtomics.Exchange(ref _next, null);

    /// <summary>Takes half of the victim's ring, rounded up. Called by the owner of this queue, which must have room for half of the victim's capacity.</summary>
    /// <param name="victim">Another queue of the same capacity.</param>
    /// <param name="count">How many were taken.</param>
    /// <returns>The oldest of them, to be run now; the others are in this ring. Null if there was nothing.</returns>
    internal GreenThread? StealHalfOf(RunQueue<TAtomics> victim, out int count)
    {
        int tail = _indices.Tail;
        int copied = 0;
        GreenThread? first = null;
        while (true)
        {
            int head = TAtomics.Read(ref victim._indices.Head);
            int available = unchecked(TAtomics.Read(ref victim._indices.Tail) - head);
            if (available > victim._ring.Length)
                continue; // The head is older than the tail.
            count = available - available / 2;
            if (available <= 0)
            {
                first = null;
                count = 0;
                break;
            }
            first = TAtomics.Read(ref victim._ring[head & victim._mask].Thread);
            for (int i = 1; i < count; i++)
            {
                GreenThread? thread = TAtomics.Read(ref victim._ring[unchecked(head + i) & victim._mask].Thread);
                TAtomics.Write(ref _ring[unchecked(tail + i - 1) & _mask].Thread, thread);
            }
            copied = Math.Max(copied, count - 1);
            if (TAtomics.CompareExchange(ref victim._indices.Head, unchecked(head + count), head) == head)
                break;
        }
        int kept = Math.Max(count - 1, 0);
        // What an attempt that failed has left behind the end.
        for (int i = kept; i < copied; i++)
            TAtomics.Write(ref _ring[unchecked(tail + i) & _mask].Thread, null);
        if (kept > 0)
            TAtomics.Write(ref _indices.Tail, unchecked(tail + kept)); // Release: pairs with the acquire of a further thief.
        return first;
    }

    /// <summary>Takes the older half of a full ring into an array. Owner only.</summary>
    /// <param name="taken">Has room for half of the capacity.</param>
    /// <returns>How many; 0 if thieves have made room meanwhile.</returns>
    internal int TakeHalf(GreenThread?[] taken)
    {
        int head = TAtomics.Read(ref _indices.Head);
        int count = _ring.Length / 2;
        if (unchecked(_indices.Tail - head) < count)
            return 0;
        for (int i = 0; i < count; i++)
            taken[i] = TAtomics.Read(ref _ring[unchecked(head + i) & _mask].Thread);
        return TAtomics.CompareExchange(ref _indices.Head, unchecked(head + count), head) == head ? count : 0;
    }

    /// <summary>Lets go of green threads that have left the ring. Owner only.</summary>
    internal void ClearConsumed()
    {
        int head = TAtomics.Read(ref _indices.Head);
        int oldestReused = unchecked(_indices.Tail - _ring.Length);
        int i = unchecked(oldestReused - _cleared) > 0 ? oldestReused : _cleared;
        for (; unchecked(head - i) > 0; i = unchecked(i + 1))
            TAtomics.Write(ref _ring[i & _mask].Thread, null);
        _cleared = head;
    }

    // A struct around the reference: storing into an array of a class that is not sealed checks the type each time, a fifth of a yield.
    private struct Slot
    {
        internal GreenThread? Thread;
    }
}

/// <summary>Head and tail of a run queue, away from whatever lies beside it: thieves read them while the owner of the neighbour writes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 136)]
internal struct RunQueueIndices
{
    [FieldOffset(64)]
    internal int Head;

    /// <summary>Written by the owner only.</summary>
    [FieldOffset(68)]
    internal int Tail;
}
