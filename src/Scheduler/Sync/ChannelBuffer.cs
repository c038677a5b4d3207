using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GreenThreads;

/// <summary>The items that a channel holds: a ring that grows as needed, first in first out. A mutable struct, guarded by the channel's gate.</summary>
internal struct ChannelBuffer<T>
{
    private const int SmallestLength = 4;

    // An array of this length at most is kept when the buffer is empty; a guess. A larger one must be filled again before it is allocated again, so each item pays
    // for a few places at most.
    private const int LargestKept = 4096;

    private Slot[] _ring; // Its length is a power of two, or 0.
    private int _head;

    public ChannelBuffer() => _ring = [];

    internal int Count { get; private set; }

    /// <summary>Appends an item.</summary>
    /// <exception cref="OutOfMemoryException">The ring cannot grow; nothing has changed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Add(T item)
    {
        if (Count == _ring.Length)
            Grow();
        Slot[] ring = _ring;
        ring[(_head + Count) & (ring.Length - 1)].Item = item;
        Count++;
    }

    /// <summary>Takes the oldest item out, and keeps no reference to it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal T Take()
    {
        Debug.Assert(Count > 0, "the caller has looked");
        Slot[] ring = _ring;
        ref Slot slot = ref ring[_head & (ring.Length - 1)];
        T item = slot.Item;
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
            slot.Item = default!;
        _head = (_head + 1) & (ring.Length - 1);
        if (--Count == 0 && ring.Length > LargestKept)
            Shrink();
        return item;
    }

    private void Shrink()
    {
        _ring = [];
        _head = 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow()
    {
        // The gate is held without NoPark otherwise (SpinGate.EnterBare); who knows what an allocation of this size meets.
        using (NoPark.Enter())
        {
            Slot[] old = _ring;
            var ring = new Slot[Math.Max(SmallestLength, checked(old.Length * 2))];
            int first = Math.Min(Count, old.Length - _head);
            Array.Copy(old, _head, ring, 0, first);
            Array.Copy(old, 0, ring, first, Count - first);
            _ring = ring;
            _head = 0;
        }
    }

    // A struct around the item: storing into an array of a class that is not sealed checks the type each time.
    private struct Slot
    {
        internal T Item;
    }
}
