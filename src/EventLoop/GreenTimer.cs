using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>
/// A timer of the system (timerfd) as something to wait for: once or periodic, at a distance from now or at a time of day. It goes on while nobody waits; the next
/// wait tells how many ticks have passed. Any thread may use it. Of several that wait, one gets the ticks. For a plain pause <see cref="GreenThread.Sleep(TimeSpan)"/>
/// is cheaper, which takes no descriptor.
/// </summary>
public sealed class GreenTimer : IDisposable
{
    private readonly EventDescriptor _descriptor;

    private GreenTimer(int clock) => _descriptor =
        EventDescriptor.From("timerfd_create", Interop.timerfd_create(clock, Interop.TFD_NONBLOCK | Interop.TFD_CLOEXEC), typeof(GreenTimer));

    /// <summary>A timer that is not set: to be set by <see cref="Set"/>. Does not park.</summary>
    /// <exception cref="SystemCallException">There is no descriptor left.</exception>
    public GreenTimer()
        : this(Interop.CLOCK_MONOTONIC)
    {
    }

    /// <summary>A timer that ticks once. Does not park.</summary>
    /// <param name="dueTime">How long from now.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    /// <exception cref="SystemCallException">There is no descriptor left.</exception>
    public static GreenTimer Once(TimeSpan dueTime) => Started(new GreenTimer(), dueTime, TimeSpan.Zero);

    /// <summary>A timer that ticks again and again, for the first time after one period. Its ticks do not drift: each is a period after the last. Does not park.</summary>
    /// <param name="period">From one tick to the next; positive.</param>
    /// <exception cref="ArgumentOutOfRangeException">The period is not positive.</exception>
    /// <exception cref="SystemCallException">There is no descriptor left.</exception>
    public static GreenTimer Periodic(TimeSpan period)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(period, TimeSpan.Zero);
        return Started(new GreenTimer(), period, period);
    }

    /// <summary>
    /// A timer that ticks when the clock of the system shows a time, which it does sooner or later than thought if the clock is set meanwhile; at once if that time
    /// is past. Does not park.
    /// </summary>
    /// <param name="time">When to tick.</param>
    /// <param name="period">When to tick again after that, and so on; zero for never.</param>
    /// <exception cref="ArgumentOutOfRangeException">The period is negative, or the time is before 1970.</exception>
    /// <exception cref="SystemCallException">There is no descriptor left.</exception>
    public static GreenTimer At(DateTimeOffset time, TimeSpan period = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, DateTimeOffset.UnixEpoch);
        ArgumentOutOfRangeException.ThrowIfLessThan(period, TimeSpan.Zero);
        var timer = new GreenTimer(Interop.CLOCK_REALTIME);
        try
        {
            timer.SetCore(Interop.TFD_TIMER_ABSTIME, time - DateTimeOffset.UnixEpoch, period);
            return timer;
        }
        catch
        {
            timer.Dispose();
            throw;
        }
    }

    /// <summary>The descriptor: readable while there are ticks that nobody has got yet, for <see cref="Select.Readable(SafeHandle)"/>.</summary>
    public SafeHandle Handle => _descriptor;

    /// <summary>How long until the next tick; zero if there will be none. Does not park.</summary>
    /// <exception cref="ObjectDisposedException">The timer was disposed of.</exception>
    public unsafe TimeSpan Remaining
    {
        get
        {
            _descriptor.ThrowIfClosed();
            Interop.itimerspec current;
            // SAFETY: filled in by the kernel during the call only.
            if (Interop.timerfd_gettime(_descriptor, &current) < 0)
                throw new SystemCallException("timerfd_gettime", Marshal.GetLastPInvokeError());
            return current.it_value.ToTimeSpan();
        }
    }

    /// <summary>Sets it anew, and forgets the ticks that nobody has got yet. Whoever waits goes on waiting. Does not park.</summary>
    /// <param name="dueTime">How long from now to the first tick.</param>
    /// <param name="period">From one tick to the next; zero for one tick only.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of the two is negative.</exception>
    /// <exception cref="ObjectDisposedException">The timer was disposed of.</exception>
    public void Set(TimeSpan dueTime, TimeSpan period = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(period, TimeSpan.Zero);
        SetCore(flags: 0, dueTime, period);
    }

    /// <summary>From now on there are no ticks, until it is set; those that nobody has got yet are forgotten. Whoever waits goes on waiting. Does not park.</summary>
    /// <exception cref="ObjectDisposedException">The timer was disposed of.</exception>
    public void Stop() => SetCore(default);

    /// <summary>Waits for the next tick; returns at once if there were some since the last wait. Parks a green thread; blocks a plain OS thread.</summary>
    /// <returns>How many there were since the last wait: more than one if the waiter came late.</returns>
    /// <exception cref="ObjectDisposedException">The timer was disposed of, before or meanwhile.</exception>
    public long Wait()
    {
        TryWaitCore(Deadline.Never, out long ticks);
        return ticks;
    }

    /// <summary>The same with a limit.</summary>
    /// <param name="timeout">How long to wait at most; zero only looks, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <param name="ticks">How many there were since the last wait; zero if none came in time.</param>
    /// <returns>False if none came in time.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="ObjectDisposedException">The timer was disposed of, before or meanwhile.</exception>
    public bool TryWait(TimeSpan timeout, out long ticks) => TryWaitCore(Deadline.After(timeout), out ticks);

    /// <summary>The same without parking or blocking, from any thread.</summary>
    /// <param name="cancellationToken">Ends the wait; no tick is lost by that.</param>
    /// <returns>How many ticks there were since the last wait.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="ObjectDisposedException">The timer was disposed of, before or meanwhile.</exception>
    public async ValueTask<long> WaitAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            int seen = _descriptor.Interest.EdgesOf(WaitDirection.Read);
            if (TryTake(out long ticks))
                return ticks;
            await _descriptor.WaitAsync(WaitDirection.Read, seen, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Ends it; whoever waits gets an <see cref="ObjectDisposedException"/>. Any thread, any number of times; does not park.</summary>
    public void Dispose() => _descriptor.Dispose();

    private static GreenTimer Started(GreenTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        try
        {
            timer.Set(dueTime, period);
            return timer;
        }
        catch
        {
            timer.Dispose();
            throw;
        }
    }

    private bool TryWaitCore(Deadline deadline, out long ticks)
    {
        // First: who is cancelled here has taken nothing.
        EventLoopHost.Current.SpendBudget();
        while (true)
        {
            int seen = _descriptor.Interest.EdgesOf(WaitDirection.Read);
            if (TryTake(out ticks))
                return true;
            if (deadline.HasPassed || !_descriptor.Wait(WaitDirection.Read, seen, deadline))
                return TryTake(out ticks);
        }
    }

    private bool TryTake(out long ticks)
    {
        _descriptor.ThrowIfClosed();
        ticks = 0;
        return _descriptor.Read(MemoryMarshal.AsBytes(new Span<long>(ref ticks)), out _) switch
        {
            0 => true,
            Errno.EAGAIN => false,
            int errno => throw new SystemCallException("read", errno),
        };
    }

    private void SetCore(int flags, TimeSpan dueTime, TimeSpan period) => SetCore(
        // All zero would be no timer at all.
        new Interop.itimerspec { it_value = dueTime == TimeSpan.Zero ? new() { tv_nsec = 1 } : new(dueTime), it_interval = new(period) }, flags);

    private unsafe void SetCore(Interop.itimerspec value, int flags = 0)
    {
        _descriptor.ThrowIfClosed();
        // SAFETY: read by the kernel during the call only.
        if (Interop.timerfd_settime(_descriptor, flags, &value, null) < 0)
            throw new SystemCallException("timerfd_settime", Marshal.GetLastPInvokeError());
    }
}
