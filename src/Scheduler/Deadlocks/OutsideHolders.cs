namespace GreenThreads;

/// <summary>The OS threads that have shown to have a reference to something: a few of them, or that they are too many. A mutable struct: keep it in a field.</summary>
internal struct OutsideHolders
{
    // Beyond the first. A guess.
    private const int MaximumFurther = 3;

    // Guarded by the owner's gate when written; the array is replaced, not changed.
    private volatile OsThreadWaiter? _first;
    private volatile OsThreadWaiter[]? _further;
    private volatile bool _areTooMany;

    internal readonly OsThreadWaiter? First => _first;

    /// <summary>Whether there are more than can be told.</summary>
    internal readonly bool AreTooMany => _areTooMany;

    /// <summary>Whether there is nothing to add. Without the gate.</summary>
    internal readonly bool Knows(OsThreadWaiter caller) =>
        _first == caller || _areTooMany || (_further is { } further && Array.IndexOf(further, caller) >= 0);

    /// <summary>Remembers one. Those who have ended make room.</summary>
    internal void Add(OsThreadWaiter caller)
    {
        OsThreadWaiter[] further = _further ?? [];
        if (_first is null or { IsGone: true })
            _first = caller;
        else if (further.Length < MaximumFurther)
            _further = [.. further, caller];
        else if (Array.FindIndex(further, static holder => holder.IsGone) is var gone and >= 0)
            _further = [.. further[..gone], .. further[(gone + 1)..], caller];
        else
            _areTooMany = true;
    }

    internal void AddUnknown() => _areTooMany = true;

    /// <summary>Under the gate.</summary>
    /// <returns>False if there were too many to be remembered.</returns>
    internal readonly bool TryCopyTo(List<OsThreadWaiter> holders)
    {
        if (_first is { } first)
            holders.Add(first);
        holders.AddRange(_further ?? []);
        return !_areTooMany;
    }
}
