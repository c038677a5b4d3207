using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace GreenThreads;

// Which green thread is next: an affine one in its turn, the slot within its budget, the head of the ring; if there is none, what came from outside.
//
// A scheduler that always has something to run must still look at the injection queue, the timers and the poller. It does so when enough time
// has passed since it last did, and it looks at the clock only every so many picks: up to 61 (Go's number, a prime, so that it does not keep
// step with programs that work in rounds) while picks are short, fewer when they turn out to be long.
internal sealed partial class Scheduler
{
    private const int MaximumPicksBetweenLooks = 61;

    // Taken from the injection queue in one look. A guess: with several schedulers each takes its part.
    private const int InjectedBatch = 32;

    // A look costs one system call, about a microsecond here: two per cent at most.
    private static readonly long s_lookInterval = Stopwatch.Frequency / 20_000; // 50 microseconds

    // Owner scheduler only.
    private int _picksLeft = MaximumPicksBetweenLooks;
    private int _picksBetweenLooks = MaximumPicksBetweenLooks;
    private long _lastLook;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private GreenThread? FindWork()
    {
        _picks++;
        if (--_picksLeft <= 0 && LookAround() is { } late)
            return late;
        if ((_queue.HasNext || AffineCount != 0) && TakePreferred() is { } preferred)
            return preferred;
        _nextBudget = NextBudget; // The ring has its turn.
        return _queue.Pop() ?? FindWorkSlow();
    }

    private GreenThread? TakePreferred()
    {
        if (AffineCount != 0)
        {
            _isAffineTurn = !_isAffineTurn;
            if (_isAffineTurn && TakeAffine() is { } affine)
                return affine;
        }
        if (_nextBudget-- > 0)
            return _queue.TakeNext();
        if (_queue.TakeNext() is { } late)
            Push(late);
        return null;
    }

    private GreenThread? FindWorkSlow()
    {
        if (TakeAffine() is { } affine)
            return affine;
        if (_isRetired)
            return null;
        if (_queue.TakeNext() is { } next)
            return next;
        TakeInjected();
        return _queue.Pop();
    }

    /// <summary>Returns whom to run next, if the injection queue must have its turn and there is no room in the ring.</summary>
    private GreenThread? LookAround()
    {
        GreenThread? late = null;
        long now = Stopwatch.GetTimestamp();
        long sinceLast = now - _lastLook;
        if (sinceLast >= s_lookInterval)
        {
            _lastLook = now;
            Poll(Deadline.At(0));
            ServePoll(now);
            if (_isRetired)
                HandOnQueue();
            else if (!TakeInjected())
                Group.Injected.TryDequeue(out late);
            _queue.ClearConsumed();
            if (_pool.Count > _largestPool)
                ShrinkPool();
        }
        if (_isShaken)
        {
            Shake();
            _picksLeft = 1;
            return late;
        }
        // As many picks as fit into the interval at the speed of the last ones.
        long perPick = Math.Max(1, sinceLast / _picksBetweenLooks);
        _picksBetweenLooks = (int)Math.Clamp(s_lookInterval / perPick, 1, MaximumPicksBetweenLooks);
        _picksLeft = _picksBetweenLooks;
        return late;
    }

    // Runs on green stacks too, whose code has no use for an error of the poller, and from where the scheduler could not go on.
    [SuppressMessage("Design", "CA1031", Justification = "There is nobody to hand it to; the process must end with the reason.")]
    private void Poll(Deadline until)
    {
        _polls++;
        try
        {
            EventLoop.Poll(until, _ready);
        }
        catch (Exception exception)
        {
            Environment.FailFast($"GreenThreads: the event loop of scheduler {Name} failed", exception);
        }
    }

    // Wakes whom the poll reported and whose time has come.
    private void ServePoll(long now)
    {
        _isServingPoll = true;
        foreach (WaitNode waiter in _ready)
            waiter.Wake();
        int count = _ready.Count + _timers.WakeExpired(now);
        _ready.Clear();
        _isServingPoll = false;
        if (count == 0)
            return;
        _wakes += count;
        NotifyOfBacklog();
    }

    // Into free room only: what has waited in the ring must not be driven out by what waited outside, or some would never run.
    private bool TakeInjected()
    {
        int room = Math.Min(InjectedBatch, _queue.Capacity - _queue.Count);
        for (int i = 0; i < room && Group.Injected.TryDequeue(out GreenThread? thread); i++)
            Push(thread);
        _isInjectionLong = !Group.Injected.IsEmpty;
        return room > 0;
    }
}
