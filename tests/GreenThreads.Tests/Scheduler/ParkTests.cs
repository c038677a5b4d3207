using System.Diagnostics;

namespace GreenThreads.Tests;

public sealed class ParkTests
{
    [Fact]
    public void Unpark_before_park_makes_park_return_at_once() => Green.Run(() =>
    {
        GreenThread.Current!.Unpark();
        GreenThread.Current!.Unpark();
        GreenThread.Park();
        Assert.False(GreenThread.Park(TimeSpan.Zero), "two unparks are one permit");
    });

    [Fact]
    public void A_park_whose_time_has_passed_returns_false_and_never_early() => Green.Run(() =>
    {
        for (int milliseconds = 0; milliseconds < 6; milliseconds++)
        {
            long start = Stopwatch.GetTimestamp();
            Assert.False(GreenThread.Park(TimeSpan.FromMilliseconds(milliseconds)));
            Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(milliseconds), "a park returned early");
        }
    });

    [Fact]
    public void An_unparked_sleeper_sleeps_on_and_keeps_its_permit() => Green.Run(() =>
    {
        long start = Stopwatch.GetTimestamp();
        GreenThread self = GreenThread.Current!;
        GreenThread other = GreenThread.Spawn(self.Unpark);
        GreenThread.Sleep(TimeSpan.FromMilliseconds(20));
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(20), "a sleep was cut short");
        Assert.True(GreenThread.Park(TimeSpan.Zero), "the permit was lost");
        other.Join();
    });

    [Fact]
    public void A_wake_for_an_earlier_wait_does_not_end_a_park()
    {
        Green.Run(() =>
        {
            GreenThread self = GreenThread.Current!;
            self.Wake(); // as a socket would that became ready as its read timed out
            Assert.False(GreenThread.Park(TimeSpan.FromMilliseconds(2)));
        });
    }

    [Fact]
    public void Plain_OS_threads_cannot_park() => Assert.Throws<InvalidOperationException>(() => GreenThread.Park());

    [Fact]
    public void Bad_durations_are_refused() => Green.Run(() =>
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => GreenThread.Park(TimeSpan.FromTicks(-5)));
        Assert.Throws<ArgumentOutOfRangeException>(() => GreenThread.Sleep(TimeSpan.FromTicks(-5)));
    });

    [Fact]
    public void Unparking_a_thread_that_has_ended_does_nothing()
    {
        GreenThread thread = GreenThread.Spawn(() => { });
        thread.Join();
        thread.Unpark();
        thread.Wake();
        Assert.Equal(GreenThreadState.Ended, thread.State);
    }

    [Fact]
    public void State_follows_a_thread_through_its_life()
    {
        using var running = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        GreenThread thread = GreenThread.Spawn(() =>
        {
            running.Set();
            while (!goOn.IsSet)
                Thread.SpinWait(1);
            GreenThread.Park();
        });
        running.Wait();
        Assert.Equal(GreenThreadState.Running, thread.State);
        goOn.Set();
        Assert.True(SpinWait.SpinUntil(() => thread.State == GreenThreadState.Parked, TimeLimit.Generous));
        thread.Unpark();
        thread.Join();
        Assert.Equal(GreenThreadState.Ended, thread.State);
    }
}
