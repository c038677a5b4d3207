namespace GreenThreads;

/// <summary>The waiter of a plain OS thread: to wait is to block.</summary>
internal sealed class OsThreadWaiter : Waiter
{
    [ThreadStatic]
    private static OsThreadWaiter? t_current;

    private readonly object _gate = new();

    // Guarded by _gate.
    private bool _token;

    /// <summary>The calling OS thread's waiter. Not for green threads: they are their own waiters.</summary>
    internal static new OsThreadWaiter Current => t_current ??= new OsThreadWaiter();

    internal override void Wake()
    {
        lock (_gate)
        {
            _token = true;
            Monitor.Pulse(_gate);
        }
    }

    internal override bool ParkCore(Deadline deadline)
    {
        lock (_gate)
        {
            while (!_token)
            {
                TimeSpan remaining = deadline.Remaining;
                if (remaining == TimeSpan.Zero)
                    return false;
                Monitor.Wait(_gate, remaining > MaximumWait ? MaximumWait : remaining);
            }
            _token = false;
            return true;
        }
    }

    // Monitor.Wait takes at most int.MaxValue milliseconds; a longer wait goes round the loop.
    private static readonly TimeSpan MaximumWait = TimeSpan.FromDays(1);
}
