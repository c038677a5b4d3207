namespace GreenThreads;

// Idle coroutines that no scheduler keeps: what a pool has too many of, and what is left of a group that was shut down. One for the process and each
// size of stack. Their stack pages are given back as they come in; what remains is their CLR Thread and the page or two that their lowest frames lie in.
//
// A coroutine moves here in batches, under a lock that is taken once for each; so the pools of schedulers that spawn and of those where the spawned
// end are evened out. What a spike leaves behind, and nobody needs for a while, is ended for good (Review, CoroutineReaper).
internal sealed class CoroutineReserve
{
    private static readonly NoParkLock s_gate = new();

    // Guarded by s_gate.
    private static readonly Dictionary<(int StackReserve, bool IsUsed), CoroutineReserve> s_reserves = [];

    // Idle ones that are never ended: they cost a collection some 0.3 ms, and 2.4 MB of memory. A guess.
    private const int KeptForReuse = 256;

    // Ended at once; and how few are not worth an OS thread.
    private const int LargestShrink = 20_000;
    private const int SmallestShrink = 64;

    private static int s_isShrinking;

    private readonly NoParkLock _gate = new();

    // Guarded by _gate.
    private readonly Stack<Coroutine> _idle = new();

    // The least that there were since the last review: so many were not needed. Guarded by _gate.
    private int _least;

    private CoroutineReserve()
    {
    }

    internal int Count
    {
        get
        {
            using (_gate.Enter())
                return _idle.Count;
        }
    }

    /// <summary>Whether a <see cref="Review"/> may find something to end.</summary>
    internal static bool MayShrink
    {
        get
        {
            using (s_gate.Enter())
                return s_reserves.Values.Any(static reserve => reserve.Count > KeptForReuse);
        }
    }

    /// <summary>Idle coroutines of every size.</summary>
    internal static int TotalCount
    {
        get
        {
            using (s_gate.Enter())
                return s_reserves.Values.Sum(reserve => reserve.Count);
        }
    }

    /// <summary>The reserve of coroutines whose stacks have this size.</summary>
    internal static CoroutineReserve Of(int stackReserve) => Of(stackReserve, isUsed: false);

    /// <summary>The same for those that can no longer forget their thread statics: where fresh ones are promised they are of no use.</summary>
    internal static CoroutineReserve OfUsed(int stackReserve) => Of(stackReserve, isUsed: true);

    private static CoroutineReserve Of(int stackReserve, bool isUsed)
    {
        using (s_gate.Enter())
        {
            if (!s_reserves.TryGetValue((stackReserve, isUsed), out CoroutineReserve? reserve))
                s_reserves.Add((stackReserve, isUsed), reserve = new CoroutineReserve());
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
        using (_gate.Enter())
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
        Coroutine[] all;
        using (_gate.Enter())
        {
            // All of them, for a moment, so that nobody waits for the sort.
            all = [.. _idle.Reverse()];
            _idle.Clear();
            _least = 0;
        }
        // The oldest first: the runtime searches its list of Threads from the oldest on for each one that it takes out.
        Coroutine[] chosen = [.. all.OrderBy(static coroutine => coroutine.Number).Take(count)];
        HashSet<Coroutine> gone = [.. chosen];
        PutBack(all.Where(coroutine => !gone.Contains(coroutine)));
        int ended = 0;
        try
        {
            ended = CoroutineReaper.End(chosen);
        }
        finally
        {
            PutBack(chosen.Skip(ended));
        }
        return ended;
    }

    private void PutBack(IEnumerable<Coroutine> coroutines)
    {
        using (_gate.Enter())
        {
            foreach (Coroutine coroutine in coroutines)
                _idle.Push(coroutine);
        }
    }

    /// <summary>
    /// To be called every now and then: ends those that nobody has needed since the last call, on an OS thread of its own, and keeps some.
    /// </summary>
    /// <returns>Whether there may be something to do at a later call.</returns>
    internal static bool Review()
    {
        CoroutineReserve[] reserves;
        using (s_gate.Enter())
            reserves = [.. s_reserves.Values];
        bool mayComeAgain = false;
        foreach (CoroutineReserve reserve in reserves)
            mayComeAgain |= reserve.ReviewOne();
        return mayComeAgain;
    }

    private bool ReviewOne()
    {
        int excess;
        using (_gate.Enter())
        {
            excess = _least - KeptForReuse;
            _least = _idle.Count;
        }
        if (_least <= KeptForReuse || !CoroutineReaper.IsAvailable)
            return false;
        if (excess >= SmallestShrink)
            ShrinkElsewhere(excess);
        return true;
    }

    /// <summary>Ends what there is too much of at once, on an OS thread of its own: for those that come faster than a <see cref="Review"/> does.</summary>
    internal void ShrinkIfLarge()
    {
        int excess = Count - KeptForReuse;
        if (excess >= SmallestShrink)
            ShrinkElsewhere(excess);
    }

    // Does nothing while another shrinks.
    private void ShrinkElsewhere(int excess)
    {
        if (Interlocked.Exchange(ref s_isShrinking, 1) != 0)
            return;
        var thread = new Thread(() =>
        {
            try
            {
                Shrink(Math.Min(excess, LargestShrink));
            }
            catch (Exception exception) when (exception is RuntimeUnsupportedException or SystemCallException)
            {
                // They rest on.
            }
            finally
            {
                Volatile.Write(ref s_isShrinking, 0);
            }
        })
        { IsBackground = true, Name = "coroutine reaper" };
        if (!OsThread.TryStart(thread))
            Volatile.Write(ref s_isShrinking, 0); // Another time.
    }

    /// <summary>Moves some into a pool.</summary>
    /// <returns>False if there was none.</returns>
    internal bool TryMoveTo(CoroutinePool pool, int atMost)
    {
        using (_gate.Enter())
        {
            int count = Math.Min(atMost, _idle.Count);
            for (int i = 0; i < count; i++)
                pool.Return(_idle.Pop());
            _least = Math.Min(_least, _idle.Count);
            return count > 0;
        }
    }
}
