using System.Runtime.CompilerServices;

namespace GreenThreads;

// Nothing to run here: look at the others' rings, the injection queue and the own poller for a few rounds, then give up and sleep. Who may search, and
// what a searcher owes when it stops, is in SleepProtocol.cs. On the carrier's stack: the green thread that parked last must not have to wait for it.
internal sealed partial class Scheduler
{
    // Rounds over all victims, with a short pause in between. Go's number.
    private const int SearchRounds = 4;

    // About a microsecond: time for a green thread that has just been woken elsewhere to be queued. A guess.
    private const int SpinsBetweenRounds = 20;

    // Owner scheduler only.
    private bool _isSearching;
    private ulong _random;

    // A seed was given: victims, and now and then the order of the ring, follow it.
    private readonly bool _isShaken;

    private GreenThread? Search()
    {
        if (_isRetired || !Group.HasSeveralSchedulers)
            return null;
        if (!_isSearching)
            _isSearching = _sleepers.TryBeginSearch();
        if (!_isSearching)
            return null;
        for (int round = 0; round < SearchRounds; round++)
        {
            if (round > 0)
                Thread.SpinWait(SpinsBetweenRounds);
            if ((Steal() ?? FindWork()) is { } found)
                return found;
            if (Group.IsStopping)
                return null;
        }
        return null;
    }

    // Whether it searched itself or was woken as a searcher and has work of its own.
    private void EndSearch()
    {
        if (!_isSearching)
            return;
        _isSearching = false;
        _sleepers.EndSearch(Index);
    }

    private GreenThread? Steal()
    {
        Scheduler[] schedulers = Group.Schedulers;
        int start = (int)(NextRandom() % (ulong)schedulers.Length);
        for (int i = 0; i < schedulers.Length; i++)
        {
            Scheduler victim = schedulers[(start + i) % schedulers.Length];
            if (victim == this || !victim.IsWorthStealing)
                continue;
            GreenThread? stolen = _queue.StealHalfOf(victim._queue, out int count);
            victim._sharesLast = false;
            if (stolen is null)
                continue;
            _steals++;
            _stolen += count;
            return stolen;
        }
        return null;
    }

    // Changes the order of the ring now and then, so that runs with different seeds see different schedules.
    private void Shake()
    {
        if (NextRandom() % 4 == 0 && _queue.Pop() is { } first)
            Push(first);
    }

    // xorshift64 (Marsaglia 2003): the order of victims need not be better than that. Owner scheduler only.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong NextRandom()
    {
        _random ^= _random << 13;
        _random ^= _random >> 7;
        _random ^= _random << 17;
        return _random;
    }

    private static (ulong Random, bool IsShaken) SeedOf(int? seed, int index)
    {
        ulong state = seed is { } given ? (ulong)(uint)given + 1 : (ulong)Random.Shared.NextInt64() + 1;
        // Neighbouring seeds must not give neighbouring sequences: the multiplier of Knuth's generator MMIX.
        state = unchecked((state + (ulong)index) * 6364136223846793005UL + 1442695040888963407UL);
        return (state == 0 ? 1 : state, seed is not null);
    }
}
