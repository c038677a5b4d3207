using System.Runtime.CompilerServices;

namespace GreenThreads;

/// <summary>
/// Some who were taken out of a list under its gate and are woken when the gate is free. Whoever is out of the list may be in another at once, so they cannot stay linked.
/// To be a local variable; when it is full, free the gate, wake, and go on.
/// </summary>
internal struct WakeBatch
{
    // A guess: enough that the gate costs little for each, little enough that others soon get it.
    internal const int Capacity = 16;

    private Nodes _nodes;
    private int _count;

    internal readonly bool IsFull => _count == Capacity;

    internal void Add(WaitNode node) => _nodes[_count++] = node;

    /// <summary>Wakes them, and is empty then.</summary>
    internal void Wake()
    {
        for (int i = 0; i < _count; i++)
        {
            _nodes[i]!.Wake();
            _nodes[i] = null;
        }
        _count = 0;
    }

    [InlineArray(Capacity)]
    private struct Nodes
    {
        private WaitNode? _first;
    }
}
