using System.Diagnostics;

namespace GreenThreads;

/// <summary>A list of waiters, first come first out, linked through themselves. A mutable struct: keep it in a field.</summary>
internal struct WaitList
{
    // All of it is guarded by the lock of whoever owns the list; so are the links in the nodes.
    private WaitNode? _first;
    private WaitNode? _last;

    internal readonly bool IsEmpty => _first is null;

    internal void Add(WaitNode node)
    {
        Debug.Assert(!node.IsInList, "a waiter waits in one list at a time");
        node.NextInList = null;
        node.PreviousInList = _last;
        if (_last is null)
            _first = node;
        else
            _last.NextInList = node;
        _last = node;
        node.IsInList = true;
    }

    /// <summary>Puts a waiter before all others, who was there before and lost what it was woken for.</summary>
    internal void AddFirst(WaitNode node)
    {
        Debug.Assert(!node.IsInList, "a waiter waits in one list at a time");
        node.PreviousInList = null;
        node.NextInList = _first;
        if (_first is null)
            _last = node;
        else
            _first.PreviousInList = node;
        _first = node;
        node.IsInList = true;
    }

    /// <summary>Takes a waiter out that is in this list.</summary>
    internal void Remove(WaitNode node)
    {
        Debug.Assert(node.IsInList, "only a waiter that is in the list can leave it");
        if (node.PreviousInList is null)
            _first = node.NextInList;
        else
            node.PreviousInList.NextInList = node.NextInList;
        if (node.NextInList is null)
            _last = node.PreviousInList;
        else
            node.NextInList.PreviousInList = node.PreviousInList;
        node.NextInList = null;
        node.PreviousInList = null;
        node.IsInList = false;
    }

    internal readonly WaitNode? First => _first;

    internal WaitNode? TakeFirst()
    {
        WaitNode? first = _first;
        if (first is not null)
            Remove(first);
        return first;
    }

    /// <summary>Takes the first out that still wants what is there for one only; those before it that do not, leave too.</summary>
    internal WaitNode? TakeFirstClaimed()
    {
        while (TakeFirst() is { } node)
        {
            if (node.TryClaim())
                return node;
        }
        return null;
    }

    /// <summary>How many are in it. Counts them.</summary>
    internal readonly int Count()
    {
        int count = 0;
        for (WaitNode? node = _first; node is not null; node = node.NextInList)
            count++;
        return count;
    }

    /// <summary>Adds all of them to another collection, in their order; they stay in the list.</summary>
    internal readonly void CopyTo(List<WaitNode> waiters)
    {
        for (WaitNode? node = _first; node is not null; node = node.NextInList)
            waiters.Add(node.NodeForTools);
    }

    /// <summary>Empties the list into another collection, for somebody else to wake.</summary>
    internal void MoveTo(List<WaitNode> ready)
    {
        while (TakeFirst() is { } node)
            ready.Add(node);
    }

    /// <summary>Empties the list and wakes everybody.</summary>
    internal void WakeAll()
    {
        while (TakeFirst() is { } node)
            node.Wake();
    }
}
