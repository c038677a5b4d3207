using System.Diagnostics;

namespace GreenThreads;

/// <summary>A list of waiters, first come first out, linked through the waiters themselves. A mutable struct: keep it in a field.</summary>
internal struct WaitList
{
    // All of it is guarded by the lock of whoever owns the list; so are the links in the waiters.
    private Waiter? _first;
    private Waiter? _last;

    internal readonly bool IsEmpty => _first is null;

    internal void Add(Waiter waiter)
    {
        Debug.Assert(!waiter.IsInList, "a waiter waits in one list at a time");
        waiter.IsInList = true;
        waiter.NextInList = null;
        waiter.PreviousInList = _last;
        if (_last is null)
            _first = waiter;
        else
            _last.NextInList = waiter;
        _last = waiter;
    }

    /// <summary>Takes a waiter out that is in this list.</summary>
    internal void Remove(Waiter waiter)
    {
        Debug.Assert(waiter.IsInList, "only a waiter that is in the list can leave it");
        if (waiter.PreviousInList is null)
            _first = waiter.NextInList;
        else
            waiter.PreviousInList.NextInList = waiter.NextInList;
        if (waiter.NextInList is null)
            _last = waiter.PreviousInList;
        else
            waiter.NextInList.PreviousInList = waiter.PreviousInList;
        waiter.NextInList = null;
        waiter.PreviousInList = null;
        waiter.IsInList = false;
    }

    internal Waiter? TakeFirst()
    {
        Waiter? first = _first;
        if (first is not null)
            Remove(first);
        return first;
    }

    /// <summary>Empties the list into another collection, for somebody else to wake.</summary>
    internal void MoveTo(List<Waiter> ready)
    {
        while (TakeFirst() is { } waiter)
            ready.Add(waiter);
    }

    /// <summary>Empties the list and wakes everybody.</summary>
    internal void WakeAll()
    {
        while (TakeFirst() is { } waiter)
            waiter.Wake();
    }
}
