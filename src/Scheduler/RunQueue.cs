namespace GreenThreads;

/// <summary>The runnable green threads of one scheduler, first in, first out. Owner scheduler only; grows, never shrinks.</summary>
internal sealed class RunQueue
{
    // A guess; must be a power of two.
    private GreenThread?[] _ring = new GreenThread?[256];
    private int _head;
    private int _count;

    internal int Count => _count;

    internal void Push(GreenThread thread)
    {
        if (_count == _ring.Length)
            Grow();
        _ring[(_head + _count++) & (_ring.Length - 1)] = thread;
    }

    internal GreenThread? Pop()
    {
        if (_count == 0)
            return null;
        ref GreenThread? slot = ref _ring[_head];
        GreenThread? thread = slot;
        slot = null;
        _head = (_head + 1) & (_ring.Length - 1);
        _count--;
        return thread;
    }

    private void Grow()
    {
        var larger = new GreenThread?[_ring.Length * 2];
        int first = _ring.Length - _head;
        Array.Copy(_ring, _head, larger, 0, first);
        Array.Copy(_ring, 0, larger, first, _head);
        _ring = larger;
        _head = 0;
    }
}
