using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace GreenThreads;

// Which green thread is next: the head of the local queue; if that is empty, whatever came from other threads.
//
// A scheduler that always has something to run must still look at the injection queue, the timers and the poller. It does so when enough time
// has passed since it last did, and it looks at the clock only every so many picks: up to 61 (Go's number, a prime, so that it does not keep
// step with programs that work in rounds) while picks are short, fewer when they turn out to be long.
internal sealed partial class Scheduler
{
    private const int MaximumPicksBetweenLooks = 61;

    // A look costs one system call, about a microsecond here: two per cent at most.
    private static readonly long s_lookInterval = Stopwatch.Frequency / 20_000; // 50 microseconds

    private int _picksLeft = MaximumPicksBetweenLooks;
    private int _picksBetweenLooks = MaximumPicksBetweenLooks;
    private long _lastLook;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private GreenThread? FindWork()
    {
        if (--_picksLeft <= 0)
            LookAround();
        return _queue.Pop() ?? FindWorkSlow();
    }

    private GreenThread? FindWorkSlow()
    {
        TakeInjected();
        return _queue.Pop();
    }

    private void LookAround()
    {
        long now = Stopwatch.GetTimestamp();
        long sinceLast = now - _lastLook;
        if (sinceLast >= s_lookInterval)
        {
            _lastLook = now;
            TakeInjected();
            Poll(Deadline.At(0));
            WakeReady();
            WakeExpired(now);
        }
        // As many picks as fit into the interval at the speed of the last ones.
        long perPick = Math.Max(1, sinceLast / _picksBetweenLooks);
        _picksBetweenLooks = (int)Math.Clamp(s_lookInterval / perPick, 1, MaximumPicksBetweenLooks);
        _picksLeft = _picksBetweenLooks;
    }

    // Runs on green stacks too, whose code has no use for an error of the poller, and from where the scheduler could not go on.
    [SuppressMessage("Design", "CA1031", Justification = "There is nobody to hand it to; the process must end with the reason.")]
    private void Poll(Deadline until)
    {
        try
        {
            EventLoop.Poll(until, _ready);
        }
        catch (Exception exception)
        {
            Environment.FailFast($"GreenThreads: the event loop of scheduler {Name} failed", exception);
        }
    }

    private void TakeInjected()
    {
        while (_queue.Count < _queue.Capacity && _injected.TryDequeue(out GreenThread? thread))
            Enqueue(thread);
    }

    private void WakeReady()
    {
        foreach (Waiter waiter in _ready)
            waiter.Wake();
        _ready.Clear();
    }

    private void WakeExpired(long now)
    {
        while (_timers.TryPopExpired(now, out Waiter? waiter))
            waiter.Wake();
    }
}
