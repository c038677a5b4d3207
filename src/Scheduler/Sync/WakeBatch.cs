using System.Runtime.CompilerServices;

namespace GreenThreads;

/// <summary>
/// Some who were taken out of a list under its gate and are woken when the gate is free. Whoever is out of the list may be in another at
/// once, so they cannot stay linked. To be a local variable; when it is full, free the gate, wake, and go on.
/// </summary>
internal struct WakeBatch
{
    // A guess: enough that the gate costs little for each, little enough that others soon get it.
    internal const int Capacity = 16;

    private Nodes _nodes;
    private int _count;

    internal readonly bool IsFull => _count == Capacity;

    internal void Add(WaitNode node) => _nodes[_count++] = node;

    /// <summary>
    /// Takes those out of a list that came before a round, under its gate, until it is full. They are waiters and not places of one.
    /// </summary>
    /// <returns>Whether there may be more of them, for another time under the gate.</returns>
    internal bool TakeFrom(ref WaitList list, long before)
    {
        while (list.First is Waiter first && first.ListTag < before)
        {
            if (IsFull)
                return true;
            list.Remove(first);
            Add(first);
        }
        return false;
    }

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
