using System.Diagnostics;

namespace GreenThreads;

// The living children of a scope, linked through themselves, in two lists: those that have been told of a cancellation, and the rest. A
// cancellation moves a few at a time from one list to the other and tells them when the gate is free, so that nobody waits at the gate while a hundred
// thousand are cancelled.

/// <summary>The living children of a scope. A mutable struct, guarded by the gate of the scope, as are the links.</summary>
internal struct ScopeChildren
{
    private GreenThread? _first;
    private GreenThread? _firstTold;

    internal int Count { get; private set; }

    internal void Add(GreenThread child)
    {
        Link(ref _first, child);
        Count++;
    }

    /// <summary>Takes one out. It counts until <see cref="Discount"/>.</summary>
    internal void Remove(GreenThread child)
    {
        if (child.PreviousInScope is { } previous)
            previous.NextInScope = child.NextInScope;
        else if (_first == child)
            _first = child.NextInScope;
        else
        {
            Debug.Assert(_firstTold == child, "a child is in one of the two lists");
            _firstTold = child.NextInScope;
        }
        if (child.NextInScope is { } next)
            next.PreviousInScope = child.PreviousInScope;
        child.NextInScope = null;
        child.PreviousInScope = null;
    }

    internal void Discount() => Count--;

    /// <summary>Takes some of those who are to be told now.</summary>
    /// <returns>How many; 0 when all have been.</returns>
    internal int TakeUntold(Span<GreenThread?> taken)
    {
        int count = 0;
        while (count < taken.Length && _first is { } child)
        {
            Remove(child);
            Link(ref _firstTold, child);
            taken[count++] = child;
        }
        return count;
    }

    internal readonly void CopyTo(List<GreenThread> children)
    {
        for (GreenThread? child = _first; child is not null; child = child.NextInScope)
            children.Add(child);
        for (GreenThread? child = _firstTold; child is not null; child = child.NextInScope)
            children.Add(child);
    }

    private static void Link(ref GreenThread? first, GreenThread child)
    {
        child.PreviousInScope = null;
        child.NextInScope = first;
        if (first is not null)
            first.PreviousInScope = child;
        first = child;
    }
}
