namespace GreenThreads;

/// <summary>The waiter of a plain OS thread: to wait is to block.</summary>
internal sealed class OsThreadWaiter : Waiter
{
    [ThreadStatic]
    private static OsThreadWaiter? t_current;

    // Set while the token is there. Not a lock with Monitor.Wait: whoever wakes may be a green thread that must not wait for one (NoPark).
    private readonly AutoResetEvent _token = new(false);

    /// <summary>The calling OS thread's waiter. Not for green threads: they are their own waiters.</summary>
    internal static new OsThreadWaiter Current => t_current ??= new OsThreadWaiter();

    internal override void Wake() => _token.Set();

    internal override bool ParkCore(Deadline deadline)
    {
        while (true)
        {
            TimeSpan remaining = deadline.Remaining;
            if (_token.WaitOne(remaining > s_longestWait ? s_longestWait : remaining))
                return true;
            if (deadline.HasPassed)
                return false;
        }
    }

    // WaitOne takes at most int.MaxValue milliseconds; a longer wait goes round the loop.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromDays(1);
}
