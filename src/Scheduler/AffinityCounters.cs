namespace GreenThreads;

// Why green threads had to resume where they parked, and how often. Written by the owner scheduler with plain stores, read by anybody: a row is
// published, by the count of rows, when it is complete. Causes are counted as they are found and put into words when somebody asks.
internal sealed class AffinityCounters
{
    // Causes told apart; there are about as many as there are callers of native callbacks in a program. Further ones are counted together.
    private const int MaximumRows = 64;

    private readonly Row[] _rows = new Row[MaximumRows];
    private int _count;
    private long _pinned;
    private long _statics;
    private long _others;

    private struct Row
    {
        internal AffinityCause Cause;
        internal long Count;
    }

    /// <summary>Counts a park or yield of the running green thread. Owner scheduler only.</summary>
    internal void Add(GreenThread thread, Coroutine coroutine)
    {
        if (thread.IsPinned)
        {
            _pinned++;
            return;
        }
        if (!coroutine.HasNativeFrames)
        {
            _statics++;
            return;
        }
        AffinityCause cause = ManagedFrames.CauseOf(coroutine.RuntimeThread);
        for (int i = 0; i < _count; i++)
        {
            if (_rows[i].Cause == cause)
            {
                _rows[i].Count++;
                return;
            }
        }
        if (_count == MaximumRows)
        {
            _others++;
            return;
        }
        _rows[_count] = new Row { Cause = cause, Count = 1 };
        Volatile.Write(ref _count, _count + 1); // Release: pairs with the acquire in Snapshot.
    }

    internal IReadOnlyDictionary<string, long> Snapshot()
    {
        var counts = new Dictionary<string, long>();
        Add("pinned", Volatile.Read(ref _pinned));
        int count = Volatile.Read(ref _count);
        for (int i = 0; i < count; i++)
            Add(_rows[i].Cause.Describe(), Volatile.Read(ref _rows[i].Count));
        Add("thread statics", Volatile.Read(ref _statics));
        Add("others", Volatile.Read(ref _others));
        return counts;

        void Add(string reason, long more)
        {
            if (more != 0)
                counts[reason] = counts.GetValueOrDefault(reason) + more;
        }
    }
}
