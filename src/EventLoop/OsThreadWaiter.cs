namespace GreenThreads;

/// <summary>The waiter of a plain OS thread: to wait is to block.</summary>
internal sealed class OsThreadWaiter : Waiter
{
    [ThreadStatic]
    private static OsThreadWaiter? t_current;

    // Set while the token is there. Not a lock with Monitor.Wait: whoever wakes may be a green thread that must not wait for one (NoPark).
    private readonly AutoResetEvent _token = new(false);

    // Set before the token, and taken back by the waiter before it looks at what it waits for: while it is not set, it has seen all that it was woken for.
    private int _isWoken;
    private volatile bool _isParkedForGood;
    private int _moves;

    // Weak: primitives keep their holders' waiters, and a Thread that has ended its context.
    private readonly WeakReference<Thread>? _thread;

    /// <summary>For a green thread in bound mode.</summary>
    internal OsThreadWaiter()
    {
    }

    private OsThreadWaiter(Thread current)
    {
        _thread = new WeakReference<Thread>(current);
        OsThreadId = Interop.gettid();
        IsOfThreadPool = current.IsThreadPoolThread;
    }

    /// <summary>The calling OS thread's waiter. Not for green threads: they are their own waiters.</summary>
    internal static new OsThreadWaiter Current => t_current ??= new OsThreadWaiter(System.Threading.Thread.CurrentThread);

    /// <summary>Whose it is; null if it is that of a green thread in bound mode, or the thread has ended and was collected.</summary>
    internal Thread? Thread => _thread is { } weak && weak.TryGetTarget(out Thread? thread) ? thread : null;

    internal int OsThreadId { get; }

    /// <summary>Whether it stands for a thread that runs whatever is queued, and so may come back with anything.</summary>
    internal bool IsOfThreadPool { get; }

    /// <summary>Whether it has ended, and with it all that it might have done.</summary>
    internal bool IsGone => !IsOfThreadPool && _thread is not null && Thread is not { IsAlive: true };

    /// <summary>Whether it is in a park that has no deadline, and nobody has woken it. Any thread.</summary>
    internal bool IsParkedForGood => _isParkedForGood && Volatile.Read(ref _isWoken) == 0;

    /// <summary>Grows with every park, when it begins and when it ends. Any thread.</summary>
    internal int Moves => Volatile.Read(ref _moves);

    internal override void Wake()
    {
        Volatile.Write(ref _isWoken, 1);
        _token.Set();
    }

    internal override bool ParkCore(Deadline deadline)
    {
        BeginPark(deadline.IsNever);
        try
        {
            while (true)
            {
                // In whole milliseconds, rounded up: what is left of one must not be a loop of waits for no time.
                double milliseconds = Math.Ceiling(deadline.Remaining.TotalMilliseconds);
                if (_token.WaitOne((int)Math.Min(milliseconds, int.MaxValue)))
                {
                    Interlocked.Exchange(ref _isWoken, 0); // Full fence: the caller looks after it.
                    return true;
                }
                if (deadline.HasPassed)
                    return false;
            }
        }
        finally
        {
            EndPark();
        }
    }

    /// <summary>For tools: the calling OS thread is about to do nothing but wait for something, in another way than by <see cref="ParkCore"/>.</summary>
    internal void BeginWaitFor(object target)
    {
        WaitsForNothingElse = true;
        WaitsFor = target;
        BeginPark(isForGood: true);
    }

    /// <summary>It is over.</summary>
    internal void EndWait()
    {
        EndPark();
        WaitsFor = null;
    }

    private void BeginPark(bool isForGood)
    {
        Volatile.Write(ref _moves, _moves + 1);
        _isParkedForGood = isForGood; // Release: whoever reads it finds what was written about the wait before.
    }

    private void EndPark()
    {
        _isParkedForGood = false;
        Volatile.Write(ref _moves, _moves + 1);
    }
}
