using System.Diagnostics;

namespace GreenThreads.Tests;

/// <summary><see cref="GreenTimer"/>, used by one kind of thread.</summary>
public abstract class GreenTimerContract : ThreadContract
{
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(5);

    [Fact]
    public void One_that_ticks_once_does_so_not_early_and_no_more() => Run(() =>
    {
        long start = Stopwatch.GetTimestamp();
        using GreenTimer timer = GreenTimer.Once(s_short);
        Assert.Equal(1, timer.Wait());
        Assert.True(Stopwatch.GetElapsedTime(start) >= s_short);
        Assert.False(timer.TryWait(s_short, out long ticks));
        Assert.Equal((0, TimeSpan.Zero), (ticks, timer.Remaining));
    });

    [Fact]
    public void One_of_no_time_ticks_at_once() => Run(() =>
    {
        using GreenTimer timer = GreenTimer.Once(TimeSpan.Zero);
        Assert.Equal(1, timer.Wait());
        timer.Set(TimeSpan.Zero);
        Assert.Equal(1, timer.Wait());
    });

    [Fact]
    public void A_periodic_one_tells_all_ticks_that_have_passed_and_does_not_drift() => Run(() =>
    {
        TimeSpan period = TimeSpan.FromMilliseconds(2);
        long before = Stopwatch.GetTimestamp();
        using GreenTimer timer = GreenTimer.Periodic(period);
        long after = Stopwatch.GetTimestamp();
        long total = 0;
        for (int i = 0; i < 10; i++)
        {
            // Now and then the waiter comes late.
            if (i % 3 == 0)
                Thread.SpinWait(200_000);
            total += timer.Wait();
            Assert.True(total * period <= Stopwatch.GetElapsedTime(before));
        }
        while (Stopwatch.GetElapsedTime(after) < total * period)
            Yield();
        // What the clock said before and after brackets what the timer counted.
        TimeSpan atLeast = Stopwatch.GetElapsedTime(after);
        timer.TryWait(TimeSpan.Zero, out long rest);
        TimeSpan atMost = Stopwatch.GetElapsedTime(before);
        Assert.InRange(total + rest, (long)(atLeast / period), (long)(atMost / period));
    });

    [Fact]
    public void One_for_a_time_of_day_ticks_then_and_at_once_for_the_past() => Run(() =>
    {
        using GreenTimer past = GreenTimer.At(DateTimeOffset.UtcNow - TimeSpan.FromDays(1));
        Assert.Equal(1, past.Wait());
        using GreenTimer soon = GreenTimer.At(DateTimeOffset.UtcNow + s_short, period: s_short);
        Assert.True(soon.Wait() >= 1);
        Assert.True(soon.Wait() >= 1);
        using GreenTimer far = GreenTimer.At(DateTimeOffset.UtcNow + TimeSpan.FromDays(10_000));
        Assert.InRange(far.Remaining, TimeSpan.FromDays(9_000), TimeSpan.FromDays(11_000));
    });

    [Fact]
    public void Setting_it_anew_forgets_what_was_and_moves_the_wait_that_is_under_way() => Run(() =>
    {
        using var timer = new GreenTimer();
        Assert.False(timer.TryWait(TimeSpan.Zero, out _));
        timer.Set(TimeSpan.Zero);
        WaitUntil(() => EventLoop.WaitReadable(timer.Handle, TimeSpan.Zero));
        timer.Stop();
        Assert.False(timer.TryWait(TimeSpan.Zero, out _));
        timer.Set(TimeSpan.FromDays(1));
        Task waiter = Start(() => Assert.Equal(1, timer.Wait()));
        WaitUntilSomebodyWaits(timer, WaitDirection.Read);
        timer.Set(TimeSpan.Zero);
        Join(waiter);
    });

    [Fact]
    public void Of_several_who_wait_each_tick_is_told_to_one() => Run(() =>
    {
        long before = Stopwatch.GetTimestamp();
        using GreenTimer timer = GreenTimer.Periodic(TimeSpan.FromMilliseconds(1));
        long told = 0;
        Task[] waiters = [.. Enumerable.Range(0, 4).Select(_ => Start(() =>
        {
            for (int i = 0; i < 5; i++)
                Interlocked.Add(ref told, timer.Wait());
        }))];
        Join(waiters);
        Assert.InRange(told, 20, (long)Stopwatch.GetElapsedTime(before).TotalMilliseconds + 1);
    });

    [Fact]
    public void A_select_takes_a_tick() => Run(() =>
    {
        using GreenTimer timer = GreenTimer.Once(s_short);
        Assert.Equal(1, Select.Wait(Select.After(TimeLimit.Generous), Select.Readable(timer.Handle)));
        Assert.Equal(1, timer.Wait());
    });

    [Fact]
    public void Disposing_ends_every_wait() => Run(() =>
    {
        GreenTimer timer = GreenTimer.Once(TimeSpan.FromDays(1));
        Task waiter = Start(() => Assert.Throws<ObjectDisposedException>(() => timer.Wait()));
        WaitUntilSomebodyWaits(timer, WaitDirection.Read);
        ValueTask<long> pending = timer.WaitAsync();
        timer.Dispose();
        timer.Dispose();
        Join(waiter);
        Join(Assert.ThrowsAsync<ObjectDisposedException>(pending.AsTask));
        Assert.Contains(nameof(GreenTimer), Assert.Throws<ObjectDisposedException>(timer.Stop).Message, StringComparison.Ordinal);
        Assert.Throws<ObjectDisposedException>(() => timer.Remaining);
        Assert.Throws<ObjectDisposedException>(() => timer.TryWait(TimeSpan.Zero, out _));
    });

    [Fact]
    public void An_asynchronous_wait_completes_or_is_cancelled() => Run(() =>
    {
        using GreenTimer timer = GreenTimer.Once(TimeSpan.FromDays(1));
        using var cancellation = new CancellationTokenSource();
        Task<long> cancelled = timer.WaitAsync(cancellation.Token).AsTask();
        Task<long> pending = timer.WaitAsync().AsTask();
        cancellation.Cancel();
        WaitUntil(() => cancelled.IsCanceled);
        timer.Set(TimeSpan.Zero);
        Join(pending);
        Assert.Equal(1, pending.Result);
    });

    [Fact]
    public void Bad_times_are_refused() => Run(() =>
    {
        using var timer = new GreenTimer();
        Assert.Throws<ArgumentOutOfRangeException>(() => timer.Set(TimeSpan.FromTicks(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => timer.Set(TimeSpan.Zero, TimeSpan.FromTicks(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => timer.TryWait(TimeSpan.FromMilliseconds(-2), out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => GreenTimer.Once(TimeSpan.FromTicks(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => GreenTimer.Periodic(TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => GreenTimer.At(DateTimeOffset.MinValue));
        timer.Set(TimeSpan.MaxValue, TimeSpan.MaxValue);
        Assert.False(timer.TryWait(TimeSpan.Zero, out _));
    });

    private void WaitUntilSomebodyWaits(GreenTimer timer, WaitDirection direction) =>
        WaitUntilSomebodyWaits((PolledDescriptor)timer.Handle, direction);
}

public sealed class GreenThreadTimerTests : GreenTimerContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [Fact]
    public void A_green_thread_that_is_cancelled_leaves_the_ticks_to_others()
    {
        using GreenTimer timer = GreenTimer.Once(TimeSpan.FromDays(1));
        GreenThread waiter = GreenThread.Spawn(() => timer.Wait());
        Run(() => WaitUntil(() => ((PolledDescriptor)timer.Handle).Interest.HasWaiters(WaitDirection.Read)));
        waiter.Cancel();
        Assert.ThrowsAny<Exception>(waiter.Join);
        Assert.False(((PolledDescriptor)timer.Handle).Interest.HasWaiters(WaitDirection.Read));
        timer.Set(TimeSpan.Zero);
        Run(() => Assert.Equal(1, timer.Wait()));
    }
}

public sealed class OsThreadTimerTests : GreenTimerContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
