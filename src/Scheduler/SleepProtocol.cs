namespace GreenThreads;

/// <summary>What the sleep protocol needs of the schedulers.</summary>
internal interface ISleepHost
{
    /// <summary>Whether a scheduler that searches would find something, or has something that only it can do. Looks at every queue.</summary>
    bool HasWorkFor(int scheduler);

    /// <summary>Whether there is something that any scheduler could take. Looks at every queue.</summary>
    /// <param name="asker">Who asks: a scheduler, or <see cref="SleepProtocol{TAtomics}.Submitter"/>.</param>
    bool HasWorkToTake(int asker);

    /// <summary>Makes the current or next poll of a scheduler return.</summary>
    void Interrupt(int scheduler);
}

// Who searches for work, who sleeps, and who is woken for a submission. One for each group.
//
//   submit    push into the injection queue -> full fence -> nobody searches and somebody sleeps? -> become "one searches" on behalf of a sleeper,
//             take its bit, interrupt its poll
//   search    searching++ -> look at every queue
//   found     searching-- -> full fence -> if that was the last: look at every queue once more, and wake another for what is there
//   sleep     set the bit -> searching-- -> full fence -> look at every queue once more -> poll
//   return    clear the bit; if somebody has taken it, one is searching on its behalf
//
// No submission is lost: whoever submits either sees a searcher, which looks at every queue after it stopped being one; or sees a sleeper, and wakes
// it; or sees neither, and then whoever falls asleep later looks after it has set its bit. A submitter that promised a search and found no sleeper
// left looks once more itself, because another submitter may have relied on the promise meanwhile.
// At most one sleeper is woken for each call of Submitted, Notify or EndSearch, and none while somebody searches: who finds work and leaves nobody searching wakes the next one, if
// there is more. So a burst wakes schedulers one after the other, each only if the one before found something.
//
// Pushes into a scheduler's own queue are not submissions in this sense: that scheduler is awake and will get to them. It calls Notify without the
// fence when it has more than it will run at once; if that misses a sleeper, the monitor notices the backlog a tick later. So the path of a spawn has
// no locked operation, and reads two words that change only when a scheduler falls asleep, wakes, or begins or ends a search.
//
// Rejected:
//   - Waking a scheduler at every submission. A wake-up across cores costs about 20 microseconds here, and the woken find nothing and sleep again.
//   - A list of sleepers under a lock, as Go and tokio have: a set of bits needs none, and who clears the bit has taken the sleeper.
//   - One packed word of both counts (tokio's idle.rs): the bits do not fit in.
internal sealed class SleepProtocol<TAtomics>
    where TAtomics : struct, IAtomics
{
    /// <summary>For <see cref="ISleepHost.HasWorkToTake"/>: who asks is no scheduler, or none that searched.</summary>
    internal const int Submitter = -1;

    private const int BitsPerWord = 32;

    private readonly ISleepHost _host;
    private readonly int _searchLimit;
    private readonly int[] _asleep;
    private int _searching;

    /// <summary>Creates the protocol for a number of schedulers, all awake.</summary>
    /// <param name="capacity">How many schedulers there can be, spare ones included.</param>
    /// <param name="searchLimit">How many may search at once; further ones go to sleep at once (Go's rule: half of them).</param>
    /// <param name="host">The schedulers.</param>
    internal SleepProtocol(int capacity, int searchLimit, ISleepHost host)
    {
        _host = host;
        _searchLimit = searchLimit;
        _asleep = new int[(capacity + BitsPerWord - 1) / BitsPerWord];
    }

    /// <summary>How many search now. For tools.</summary>
    internal int Searching => TAtomics.Read(ref _searching);

    /// <summary>Whether a scheduler sleeps, and nobody has taken it to wake it.</summary>
    internal bool IsAsleep(int scheduler) => (TAtomics.Read(ref WordOf(scheduler)) & BitOf(scheduler)) != 0;

    internal bool IsAnyAsleep
    {
        get
        {
            for (int i = 0; i < _asleep.Length; i++)
            {
                if (TAtomics.Read(ref _asleep[i]) != 0)
                    return true;
            }
            return false;
        }
    }

    /// <summary>A scheduler out of work wants to search.</summary>
    /// <returns>False if enough others do.</returns>
    internal bool TryBeginSearch()
    {
        if (TAtomics.Read(ref _searching) >= _searchLimit)
            return false;
        TAtomics.Add(ref _searching, 1);
        return true;
    }

    /// <summary>A searcher has found work, or has work of its own.</summary>
    /// <param name="scheduler">Who.</param>
    internal void EndSearch(int scheduler)
    {
        if (TAtomics.Add(ref _searching, -1) == 0 && _host.HasWorkToTake(scheduler))
            Notify();
    }

    /// <summary>A scheduler that found nothing falls asleep.</summary>
    /// <param name="scheduler">Who.</param>
    /// <param name="isSearching">Whether it counts as a searcher; it does no more if this returns true.</param>
    /// <returns>True: it may poll, and owes a <see cref="WakeUp"/>. False: work has come; it is awake, and a searcher.</returns>
    internal bool TryFallAsleep(int scheduler, bool isSearching)
    {
        ref int word = ref WordOf(scheduler);
        int bit = BitOf(scheduler);
        while (true)
        {
            int seen = TAtomics.Read(ref word);
            if (TAtomics.CompareExchange(ref word, seen | bit, seen) == seen)
                break;
        }
        // After the bit, so that a submitter that sees no searcher any more finds the sleeper. (The look below would save it in the other order too.)
        if (isSearching)
            TAtomics.Add(ref _searching, -1);
        if (!_host.HasWorkFor(scheduler))
            return true;
        if (TryTake(scheduler))
            TAtomics.Add(ref _searching, 1);
        return false;
    }

    /// <summary>A sleeper's poll has returned.</summary>
    /// <returns>True if somebody woke it for a submission: it counts as a searcher now.</returns>
    internal bool WakeUp(int scheduler) => !TryTake(scheduler);

    /// <summary>Work was put where everybody can take it: wakes a sleeper, unless somebody searches already. Any thread; never blocks.</summary>
    internal void Submitted()
    {
        TAtomics.Fence(); // Pairs with the locked operations in TryFallAsleep and EndSearch.
        Notify();
    }

    /// <summary>The same without the fence, for work whose owner is awake.</summary>
    internal void Notify()
    {
        while (TAtomics.Read(ref _searching) == 0 && IsAnyAsleep)
        {
            if (TAtomics.CompareExchange(ref _searching, 1, 0) != 0)
                return;
            int sleeper = TryTakeAny();
            if (sleeper >= 0)
            {
                _host.Interrupt(sleeper);
                return;
            }
            if (TAtomics.Add(ref _searching, -1) != 0 || !_host.HasWorkToTake(Submitter))
                return;
        }
    }

    private int TryTakeAny()
    {
        for (int i = 0; i < _asleep.Length; i++)
        {
            while (TAtomics.Read(ref _asleep[i]) is var seen and not 0)
            {
                int lowest = seen & -seen;
                if (TAtomics.CompareExchange(ref _asleep[i], seen & ~lowest, seen) == seen)
                    return i * BitsPerWord + System.Numerics.BitOperations.TrailingZeroCount(lowest);
            }
        }
        return -1;
    }

    private bool TryTake(int scheduler)
    {
        ref int word = ref WordOf(scheduler);
        int bit = BitOf(scheduler);
        while (true)
        {
            int seen = TAtomics.Read(ref word);
            if ((seen & bit) == 0)
                return false;
            if (TAtomics.CompareExchange(ref word, seen & ~bit, seen) == seen)
                return true;
        }
    }

    private ref int WordOf(int scheduler) => ref _asleep[scheduler / BitsPerWord];

    private static int BitOf(int scheduler) => 1 << (scheduler % BitsPerWord);
}
