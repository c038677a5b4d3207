using System.Collections.Concurrent;
using System.Diagnostics;

namespace GreenThreads;

// Sleeping in the poller, and being woken from other threads.
//
//   inject:  push into the injection queue  ->  full fence  ->  is it asleep?  ->  interrupt the poll
//   sleep:   say "asleep"                   ->  full fence  ->  is the injection queue empty?  ->  poll
//
// Of the two, at least one sees the other (Dekker). An interrupt that comes after the sleeper found the work itself only makes a later poll
// return at once. Rejected: to interrupt at every injection; it is a system call, and a scheduler that runs looks at the queue anyway.
internal sealed partial class Scheduler
{
    // How long a pool rests before stacks that nobody uses give their memory back. A guess.
    private static readonly TimeSpan s_trimInterval = TimeSpan.FromSeconds(1);

    // Stacks trimmed before the scheduler looks for work again: about 100 microseconds of system calls.
    private const int TrimBatch = 64;

    private readonly ConcurrentQueue<GreenThread> _injected = new();
    private volatile bool _isAsleep;
    private long _nextTrim;

    /// <summary>Makes a green thread runnable here. Any thread but the scheduler's own; never blocks.</summary>
    internal void Inject(GreenThread thread)
    {
        _injected.Enqueue(thread);
        Interlocked.MemoryBarrier(); // Pairs with the one in Sleep.
        if (_isAsleep)
            EventLoop.Interrupt();
    }

    // On the carrier's stack, when there is nothing to run.
    private void Sleep()
    {
        _isAsleep = true;
        Interlocked.MemoryBarrier(); // Pairs with the one in Inject.
        Deadline until = _injected.IsEmpty ? Deadline.Earlier(_timers.NextDeadline, NextTrim()) : Deadline.At(0);
        Poll(until);
        _isAsleep = false;

        long now = Stopwatch.GetTimestamp();
        _lastLook = now;
        WakeReady();
        WakeExpired(now);
        if (_queue.Count == 0 && _nextTrim != 0 && now >= _nextTrim && _pool.Trim(TrimBatch) < TrimBatch)
            _nextTrim = 0; // until there is something to trim again
    }

    private Deadline NextTrim()
    {
        if (!_pool.NeedsTrim)
            return Deadline.Never;
        if (_nextTrim == 0)
            _nextTrim = Deadline.After(s_trimInterval).Timestamp;
        return Deadline.At(_nextTrim);
    }
}
