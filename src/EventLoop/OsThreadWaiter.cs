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
            // In whole milliseconds, rounded up: what is left of one must not be a loop of waits for no time.
            double milliseconds = Math.Ceiling(deadline.Remaining.TotalMilliseconds);
            if (_token.WaitOne((int)Math.Min(milliseconds, int.MaxValue)))
                return true;
            if (deadline.HasPassed)
                return false;
        }
    }
}
