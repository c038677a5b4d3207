namespace GreenThreads;

// The timers of one scheduler, behind a gate: the green thread that set one may have gone to another scheduler when it takes it back, and while the
// owner is stuck the monitor takes those that have expired. The gate is nearly always free, since others come only then; the time of the next timer
// is read without it.
//
// Only the owner adds, so a sleeping owner never has to be told of an earlier timer.
internal sealed class SharedTimers
{
    private readonly TimerHeap _heap = new();

    // Guards _heap, and the TimerIndex of the waiters in it.
    private SpinGate _gate;
    private long _next = long.MaxValue;

    /// <summary>The earliest deadline. Any thread.</summary>
    internal Deadline NextDeadline => Deadline.At(Volatile.Read(ref _next));

    internal int Count => _heap.Count;

    /// <summary>Adds a waiter that is in no heap. Owner scheduler only.</summary>
    internal void Add(Waiter waiter, Deadline deadline)
    {
        using (_gate.Enter())
        {
            _heap.Add(waiter, deadline);
            _next = _heap.NextTimestamp;
        }
    }

    /// <summary>Takes a waiter out before its time. Called by the waiter itself, wherever it runs.</summary>
    /// <returns>False when its time has come first.</returns>
    internal bool Remove(Waiter waiter)
    {
        using (_gate.Enter())
        {
            bool wasThere = _heap.Remove(waiter);
            _next = _heap.NextTimestamp;
            return wasThere;
        }
    }

    /// <summary>Wakes whoever's time has come. The owner scheduler, or the monitor in its place.</summary>
    /// <returns>How many.</returns>
    internal int WakeExpired(long now)
    {
        int count = 0;
        while (Volatile.Read(ref _next) <= now)
        {
            Waiter? waiter;
            using (_gate.Enter())
            {
                bool isThere = _heap.TryPopExpired(now, out waiter);
                _next = _heap.NextTimestamp;
                if (!isThere)
                    break;
            }
            waiter!.Wake();
            count++;
        }
        return count;
    }
}
