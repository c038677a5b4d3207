namespace GreenThreads;

/// <summary>Counts why green threads had to resume where they parked. Written by the owner scheduler, read by anybody.</summary>
internal sealed class AffinityCounters
{
    private long _pinned;
    private long _native;

    internal void Add(GreenThread thread, Coroutine coroutine)
    {
        if (thread.IsPinned)
            _pinned++;
        else
            _native++;
    }

    internal IReadOnlyDictionary<string, long> Snapshot()
    {
        var counts = new Dictionary<string, long>();
        if (Volatile.Read(ref _pinned) is var pinned and not 0)
            counts.Add("pinned", pinned);
        if (Volatile.Read(ref _native) is var native and not 0)
            counts.Add("native frames", native);
        return counts;
    }
}
