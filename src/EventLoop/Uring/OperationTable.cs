using System.Diagnostics;

namespace GreenThreads;

// Which operation a completion belongs to. The kernel hands back 64 bits: the place in this table, and its generation, which changes each time the place is
// given back, so that a cancellation that comes too late does not hit the next one there. Guarded by the ring's gate.
internal sealed class OperationTable
{
    // A guess; it doubles from there.
    private Place[] _places = new Place[64];
    private int _firstFree = -1;
    private int _used;

    /// <summary>How many operations are under way.</summary>
    internal int Count { get; private set; }

    internal void Add(RingOperation operation)
    {
        int index = _firstFree;
        if (index >= 0)
        {
            _firstFree = _places[index].NextFree;
        }
        else
        {
            if (_used == _places.Length)
                Array.Resize(ref _places, _used * 2);
            index = _used++;
        }
        ref Place place = ref _places[index];
        place.Operation = operation;
        operation.Key = ((ulong)place.Generation << 32) | (uint)index;
        Count++;
    }

    /// <summary>The operation of a completion, null if there is none any more.</summary>
    internal RingOperation? Find(ulong key)
    {
        uint index = (uint)key;
        if (index >= (uint)_used)
            return null;
        ref Place place = ref _places[index];
        return place.Generation == (uint)(key >> 32) ? place.Operation : null;
    }

    internal void Remove(RingOperation operation)
    {
        int index = (int)(uint)operation.Key;
        ref Place place = ref _places[index];
        Debug.Assert(place.Operation == operation, "the operation is in another table");
        place.Operation = null;
        // One bit less than there is room for: the ring's own keys have it.
        place.Generation = (place.Generation + 1) & int.MaxValue;
        place.NextFree = _firstFree;
        _firstFree = index;
        Count--;
    }

    /// <summary>Those that are under way at this moment.</summary>
    internal IEnumerable<RingOperation> All()
    {
        for (int i = 0; i < _used; i++)
        {
            if (_places[i].Operation is { } operation)
                yield return operation;
        }
    }

    private struct Place
    {
        internal RingOperation? Operation;
        internal uint Generation;
        internal int NextFree;
    }
}
