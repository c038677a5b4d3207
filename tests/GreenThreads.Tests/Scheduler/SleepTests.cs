using System.Diagnostics;

namespace GreenThreads.Tests;

public sealed class SleepTests
{
    [Fact]
    public void No_sleep_ends_early()
    {
        var random = new Random(5);
        GreenThread[] sleepers = [.. Enumerable.Range(0, 1000).Select(_ =>
        {
            TimeSpan duration = TimeSpan.FromMicroseconds(random.Next(50_000));
            return GreenThread.Spawn(() =>
            {
                long start = Stopwatch.GetTimestamp();
                GreenThread.Sleep(duration);
                Assert.True(Stopwatch.GetElapsedTime(start) >= duration, "a sleep ended early");
            });
        })];
        foreach (GreenThread sleeper in sleepers)
            sleeper.Join();
    }

    [Fact]
    public void Sleepers_wake_in_the_order_of_their_deadlines()
    {
        if (GreenRuntime.Mode == GreenRuntimeMode.Bound)
            return; // OS threads make no promise of order
        var order = new List<int>();
        Green.Run(() =>
        {
            int[] milliseconds = [30, 10, 50, 20, 40];
            GreenThread[] sleepers = [.. milliseconds.Select(duration => GreenThread.Spawn(() =>
            {
                GreenThread.Sleep(TimeSpan.FromMilliseconds(duration));
                order.Add(duration);
            }))];
            foreach (GreenThread sleeper in sleepers)
                sleeper.Join();
        });
        Assert.Equal([10, 20, 30, 40, 50], order);
    }

    [Fact]
    public void A_sleep_of_zero_lets_others_run() => Green.Run(() =>
    {
        bool ran = false;
        GreenThread other = GreenThread.Spawn(() => ran = true);
        while (!Volatile.Read(ref ran))
            GreenThread.Sleep(TimeSpan.Zero);
        other.Join();
    });

    [Fact]
    public void A_plain_OS_thread_sleeps_too()
    {
        long start = Stopwatch.GetTimestamp();
        GreenThread.Sleep(TimeSpan.FromMilliseconds(3));
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(3), "a sleep ended early");
    }
}
