using System.Diagnostics;

namespace GreenThreads;

/// <summary>A point in time on the monotonic clock, or never. Rounding never makes it early.</summary>
internal readonly record struct Deadline
{
    // Stopwatch ticks; on Linux they are nanoseconds of CLOCK_MONOTONIC, the clock that epoll_pwait2 and futex wait by.
    private Deadline(long timestamp) => Timestamp = timestamp;

    internal static Deadline Never { get; } = new(long.MaxValue);

    internal long Timestamp { get; }

    internal bool IsNever => Timestamp == long.MaxValue;

    internal bool HasPassed => !IsNever && Stopwatch.GetTimestamp() >= Timestamp;

    /// <summary>What is left, zero when it has passed, <see cref="Timeout.InfiniteTimeSpan"/> when it never will.</summary>
    internal TimeSpan Remaining
    {
        get
        {
            if (IsNever)
                return Timeout.InfiniteTimeSpan;
            long ticks = Timestamp - Stopwatch.GetTimestamp();
            if (ticks <= 0)
                return TimeSpan.Zero;
            long perTimeSpanTick = Stopwatch.Frequency / TimeSpan.TicksPerSecond;
            return TimeSpan.FromTicks((ticks + perTimeSpanTick - 1) / perTimeSpanTick);
        }
    }

    /// <summary>What is left in nanoseconds, rounded up; zero when it has passed, <see cref="long.MaxValue"/> when it never will.</summary>
    internal long RemainingNanoseconds
    {
        get
        {
            if (IsNever)
                return long.MaxValue;
            long ticks = Timestamp - Stopwatch.GetTimestamp();
            if (ticks <= 0)
                return 0;
            const long NanosecondsPerSecond = 1_000_000_000;
            return Stopwatch.Frequency == NanosecondsPerSecond
                ? ticks
                : (long)Math.Ceiling(ticks * ((double)NanosecondsPerSecond / Stopwatch.Frequency));
        }
    }

    /// <summary>The deadline at a value of <see cref="Stopwatch.GetTimestamp"/>.</summary>
    internal static Deadline At(long timestamp) => new(timestamp);

    internal static Deadline Earlier(Deadline one, Deadline other) => one.Timestamp <= other.Timestamp ? one : other;

    /// <summary>The deadline that a timeout in milliseconds means from now on, as <see cref="Stream.ReadTimeout"/> counts: -1 is never.</summary>
    internal static Deadline AfterMilliseconds(int timeout) => timeout == Timeout.Infinite ? Never : After(TimeSpan.FromMilliseconds(timeout));

    /// <summary>The deadline that a timeout means from now on; <see cref="Timeout.InfiniteTimeSpan"/> is never.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    internal static Deadline After(TimeSpan timeout)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
            return Never;
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        long perTimeSpanTick = Stopwatch.Frequency / TimeSpan.TicksPerSecond;
        long now = Stopwatch.GetTimestamp();
        return timeout.Ticks > (long.MaxValue - 1 - now) / perTimeSpanTick ? Never : new(now + timeout.Ticks * perTimeSpanTick);
    }
}
