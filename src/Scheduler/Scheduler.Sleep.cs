using System.Diagnostics;

namespace GreenThreads;

// Sleeping in the poller. There are three ways to be woken from there:
//
//   a submission to the group    SleepProtocol: the bit is taken, the poll interrupted, and this scheduler searches on
//   an affine green thread       push -> full fence -> is its home asleep? -> interrupt    against    asleep -> full fence -> look -> poll   (Dekker)
//   own descriptors and timers   the poll returns by itself
//
// An interrupt that comes too late only makes a later poll return at once.
internal sealed partial class Scheduler
{
    // How long a pool rests before stacks that nobody uses give their memory back. A guess.
    private static readonly TimeSpan s_trimInterval = TimeSpan.FromSeconds(1);

    // Stacks trimmed before the scheduler looks for work again: about 100 microseconds of system calls.
    private const int TrimBatch = 64;

    private readonly SharedTimers _timers = new();
    private volatile bool _isAsleep;

    // Owner scheduler only: it sleeps as a retired spare.
    private bool _isRetiredAsleep;
    private long _nextTrim;

    /// <summary>Whether it sleeps in its poller, or is about to. Any thread.</summary>
    internal bool IsAsleep => _isAsleep;

    /// <summary>Its timers, for the monitor while it is stuck.</summary>
    internal SharedTimers Timers => _timers;

    /// <summary>What only this scheduler can do and must not sleep over.</summary>
    internal bool HasOwnWork => AffineCount != 0 || _queue.Count != 0 || _queue.HasNext;

    // On the carrier's stack, when there is nothing to run.
    private void Sleep()
    {
        _queue.ClearConsumed();
        ShrinkPool();
        _isAsleep = true;
        if (!MayPoll())
        {
            // The monitor may have seen it asleep for this moment, and fallen asleep over it.
            _isAsleep = false;
            Group.Monitor.NoteAwake();
            return;
        }

        long since = Stopwatch.GetTimestamp();
        Volatile.Write(ref _asleepSince, since);
        Poll(Deadline.Earlier(_timers.NextDeadline, NextTrim()));
        long now = Stopwatch.GetTimestamp();
        _idleTicks += now - since;
        Volatile.Write(ref _asleepSince, 0);
        _isAsleep = false;
        if (!_isRetiredAsleep)
            _isSearching = _sleepers.WakeUp(Index);
        Group.Monitor.NoteAwake();

        _lastLook = now;
        ServePoll(now);
        if (_queue.Count == 0 && _nextTrim != 0 && now >= _nextTrim)
            Trim();
    }

    private unsafe void Trim()
    {
        if (_carrier is not null)
            Coroutine.GiveLargeStackBack(_carrier);
        if (_pool.Trim(TrimBatch) < TrimBatch)
            _nextTrim = 0; // until there is something to trim again
    }

    // A retired spare sleeps without a bit in the protocol: it must not be woken for submissions.
    private bool MayPoll()
    {
        _isRetiredAsleep = _isRetired;
        if (!_isRetiredAsleep)
        {
            bool isAsleep = _sleepers.TryFallAsleep(Index, _isSearching);
            _isSearching = !isAsleep;
            return isAsleep;
        }
        EndSearch();
        Interlocked.MemoryBarrier(); // Pairs with the ones in EnqueueAffine, Recall and SchedulerGroup.StopSchedulers.
        return _isRetired && !HasOwnWork && !Group.IsStopping;
    }

    private unsafe Deadline NextTrim()
    {
        if (!_pool.NeedsTrim && (_carrier is null || _carrier->LargeStack == 0))
            return Deadline.Never;
        if (_nextTrim == 0)
            _nextTrim = Deadline.After(s_trimInterval).Timestamp;
        return Deadline.At(_nextTrim);
    }
}
