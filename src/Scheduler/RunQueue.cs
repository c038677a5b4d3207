using System.Runtime.CompilerServices;

namespace GreenThreads;

/// <summary>The runnable green threads of one scheduler, first in, first out. Owner scheduler only; grows, never shrinks.</summary>
internal sealed class RunQueue
{
    // The first size is a guess; always a power of two.
    private Slot[] _ring = new Slot[256];
    private int _head;
    private int _count;

    internal int Count => _count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Push(GreenThread thread)
    {
        if (_count == _ring.Length)
            Grow();
        _ring[(_head + _count++) & (_ring.Length - 1)].Thread = thread;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal GreenThread? Pop()
    {
        if (_count == 0)
            return null;
        ref Slot slot = ref _ring[_head];
        GreenThread? thread = slot.Thread;
        slot.Thread = null;
        _head = (_head + 1) & (_ring.Length - 1);
        _count--;
        return thread;
    }

    private void Grow()
    {
        var larger = new Slot[_ring.Length * 2];
        int first = _ring.Length - _head;
        Array.Copy(_ring, _head, larger, 0, first);
        Array.Copy(_ring, 0, larger, first, _head);
        _ring = larger;
        _head = 0;
    }

    // A struct around the reference: storing into an array of a class that is not sealed checks the type each time, a fifth of a yield.
    private struct Slot
    {
        internal GreenThread? Thread;
    }
}
