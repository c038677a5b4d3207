using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace GreenThreads;

// The deadlines of one scheduler's parked waiters, earliest first.
//
// A heap with four children a node: half the depth of a binary one, and the four are neighbours in memory. The timestamp is kept beside the
// reference, so a comparison touches no waiter; the waiter keeps its index, so a timer that is cancelled (nearly all timeouts are) leaves at
// once, in O(log n), instead of staying until it expires.
// Rejected: a timer wheel, whose slots round, and which has no cheap answer to "when is the next one", which an idle scheduler asks each time.
//
// Owner scheduler only. No allocation per timer; the array grows and stays.
internal sealed class TimerHeap
{
    private const int Arity = 4;

    // A guess; it doubles from there.
    private Entry[] _entries = new Entry[64];

    internal int Count { get; private set; }

    /// <summary>The timestamp of the earliest timer, <see cref="long.MaxValue"/> when there is none.</summary>
    internal long NextTimestamp => Count == 0 ? long.MaxValue : _entries[0].Timestamp;

    /// <summary>The earliest deadline, <see cref="Deadline.Never"/> when there is none.</summary>
    internal Deadline NextDeadline => Deadline.At(NextTimestamp);

    /// <summary>Adds a waiter, which must be in no heap. A deadline that never passes is not a timer: the caller leaves it out.</summary>
    internal void Add(Waiter waiter, Deadline deadline)
    {
        Debug.Assert(waiter.TimerIndex < 0, "a waiter has one timer at a time");
        Debug.Assert(!deadline.IsNever, "never is not a timer");
        if (Count == _entries.Length)
            Array.Resize(ref _entries, Count * 2);
        SiftUp(Count++, new Entry(deadline.Timestamp, waiter));
    }

    /// <summary>Takes a waiter out before its time.</summary>
    /// <returns>False when it is in the heap no more.</returns>
    internal bool Remove(Waiter waiter)
    {
        int index = waiter.TimerIndex;
        if (index < 0)
            return false;
        Debug.Assert(_entries[index].Waiter == waiter, "the waiter is in another scheduler's heap");
        RemoveAt(index);
        return true;
    }

    /// <summary>Takes the earliest waiter out if its deadline is not later than now.</summary>
    internal bool TryPopExpired(long now, [NotNullWhen(true)] out Waiter? waiter)
    {
        if (NextTimestamp > now || Count == 0)
        {
            waiter = null;
            return false;
        }
        waiter = _entries[0].Waiter;
        RemoveAt(0);
        return true;
    }

    private void RemoveAt(int index)
    {
        _entries[index].Waiter.TimerIndex = -1;
        Entry last = _entries[--Count];
        _entries[Count] = default;
        if (index == Count)
            return;
        // The last entry takes the place; it may be earlier than the parent there, or later than a child.
        if (index > 0 && last.Timestamp < _entries[(index - 1) / Arity].Timestamp)
            SiftUp(index, last);
        else
            SiftDown(index, last);
    }

    private void SiftUp(int index, Entry entry)
    {
        while (index > 0)
        {
            int parent = (index - 1) / Arity;
            if (_entries[parent].Timestamp <= entry.Timestamp)
                break;
            Place(index, _entries[parent]);
            index = parent;
        }
        Place(index, entry);
    }

    private void SiftDown(int index, Entry entry)
    {
        while (true)
        {
            int firstChild = index * Arity + 1;
            if (firstChild >= Count)
                break;
            int earliest = firstChild;
            int end = Math.Min(firstChild + Arity, Count);
            for (int child = firstChild + 1; child < end; child++)
            {
                if (_entries[child].Timestamp < _entries[earliest].Timestamp)
                    earliest = child;
            }
            if (_entries[earliest].Timestamp >= entry.Timestamp)
                break;
            Place(index, _entries[earliest]);
            index = earliest;
        }
        Place(index, entry);
    }

    private void Place(int index, Entry entry)
    {
        _entries[index] = entry;
        entry.Waiter.TimerIndex = index;
    }

    private readonly record struct Entry(long Timestamp, Waiter Waiter);
}
