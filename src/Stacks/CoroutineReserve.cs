namespace GreenThreads;

// Idle coroutines that no scheduler keeps: what a pool has too many of, and what is left of a group that was shut down. One for the process and each
// size of stack. Their stack pages are given back as they come in; what remains is their CLR Thread and the page or two that their lowest frames lie in.
//
// A coroutine moves here in batches, under a lock that is taken once for each; so the pools of schedulers that spawn and of those where the spawned
// end are evened out, and a spike leaves no more than its CLR Threads behind.
internal sealed class CoroutineReserve
{
    private static readonly Lock s_gate = new();

    // Guarded by s_gate.
    private static readonly Dictionary<int, CoroutineReserve> s_byStackReserve = [];

    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly Stack<Coroutine> _idle = new();

    private CoroutineReserve()
    {
    }

    internal int Count
    {
        get
        {
            lock (_gate)
                return _idle.Count;
        }
    }

    /// <summary>Idle coroutines of every size.</summary>
    internal static int TotalCount
    {
        get
        {
            lock (s_gate)
                return s_byStackReserve.Values.Sum(reserve => reserve.Count);
        }
    }

    /// <summary>The reserve of coroutines whose stacks have this size.</summary>
    internal static CoroutineReserve Of(int stackReserve)
    {
        lock (s_gate)
        {
            if (!s_byStackReserve.TryGetValue(stackReserve, out CoroutineReserve? reserve))
                s_byStackReserve.Add(stackReserve, reserve = new CoroutineReserve());
            return reserve;
        }
    }

    /// <summary>
    /// Takes idle coroutines in. Called on the OS thread that ran them last, or after it has gone on: only then is it sure that no collection in
    /// progress still sees one of them running there (docs/stacks.md).
    /// </summary>
    internal void Add(ReadOnlySpan<Coroutine> coroutines)
    {
        foreach (Coroutine coroutine in coroutines)
        {
            coroutine.ForgetCarrier();
            coroutine.TrimStack();
        }
        lock (_gate)
        {
            foreach (Coroutine coroutine in coroutines)
                _idle.Push(coroutine);
        }
    }

    /// <summary>
    /// Ends some of the idle coroutines for good, if the runtime lets us: their CLR Threads and stacks are given back. Blocks the calling OS thread, for
    /// some tens of microseconds each and longer where collections come between (docs/gc.md); not for a carrier.
    /// </summary>
    /// <returns>How many were ended.</returns>
    internal int Shrink(int count)
    {
        if (!CoroutineReaper.IsAvailable)
            return 0;
        List<Coroutine> chosen;
        lock (_gate)
        {
            // The oldest first: the runtime searches its list of Threads from the oldest on for each one that it takes out.
            chosen = [.. _idle.OrderBy(coroutine => coroutine.Number).Take(count)];
            HashSet<Coroutine> gone = [.. chosen];
            Coroutine[] left = [.. _idle.Reverse().Where(coroutine => !gone.Contains(coroutine))];
            _idle.Clear();
            foreach (Coroutine coroutine in left)
                _idle.Push(coroutine);
        }
        int ended = CoroutineReaper.End(chosen);
        lock (_gate)
        {
            foreach (Coroutine coroutine in chosen.Skip(ended))
                _idle.Push(coroutine);
        }
        return ended;
    }

    /// <summary>Moves some into a pool.</summary>
    /// <returns>False if there was none.</returns>
    internal bool TryMoveTo(CoroutinePool pool, int atMost)
    {
        lock (_gate)
        {
            int count = Math.Min(atMost, _idle.Count);
            for (int i = 0; i < count; i++)
                pool.Return(_idle.Pop());
            return count > 0;
        }
    }
}
