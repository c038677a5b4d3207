using System.Diagnostics;

namespace GreenThreads.Tests;

/// <summary>
/// Stress of the wake-up protocols: park and unpark, injection into a scheduler that falls asleep. A lost wake-up is a hang, and the limit on
/// it names the seed.
/// </summary>
public sealed class WakeUpStressTests
{
    private static readonly TimeSpan s_duration = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public void Every_unpark_from_anywhere_ends_a_park(int seed)
    {
        const int parkers = 50;
        long end = EndOfStress();
        var threads = new GreenThread[parkers];
        int[] rounds = new int[parkers];
        for (int i = 0; i < parkers; i++)
        {
            int index = i;
            threads[i] = GreenThread.Spawn(() =>
            {
                var random = new Random(seed + index);
                while (Stopwatch.GetTimestamp() < end)
                {
                    // Somebody else ends this park, from one of three kinds of thread, each after a delay of its own.
                    GreenThread self = GreenThread.Current!;
                    switch (random.Next(3))
                    {
                        case 0:
                            GreenThread.Spawn(self.Unpark);
                            break;
                        case 1:
                            ThreadPool.QueueUserWorkItem(_ => self.Unpark());
                            break;
                        default:
                            int spins = random.Next(200);
                            ThreadPool.QueueUserWorkItem(_ =>
                            {
                                Thread.SpinWait(spins);
                                self.Unpark();
                            });
                            break;
                    }
                    GreenThread.Park();
                    rounds[index]++;
                }
            });
        }
        JoinAll(threads, seed);
        Assert.All(rounds, count => Assert.True(count > 0, "a thread never ran"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public void A_spawn_reaches_a_scheduler_that_is_falling_asleep(int seed)
    {
        long end = EndOfStress();
        Task[] spawners = [.. Enumerable.Range(0, 3).Select(i => OsThreads.Start(() =>
        {
            var random = new Random(seed + i);
            while (Stopwatch.GetTimestamp() < end)
            {
                if (!GreenThread.Spawn(() => { }).Join(TimeLimit.Generous))
                    throw new TimeoutException($"a spawn was lost; seed {seed}");
                Thread.SpinWait(random.Next(3000));
            }
        }))];
        Assert.True(Task.WaitAll(spawners, TimeLimit.Generous), $"hang with seed {seed}");
    }

    [Theory]
    [InlineData(3)]
    public void Timeouts_that_race_with_unparks_lose_neither(int seed)
    {
        long end = EndOfStress();
        GreenThread[] threads = [.. Enumerable.Range(0, 20).Select(i => GreenThread.Spawn(() =>
        {
            var random = new Random(seed + i);
            GreenThread self = GreenThread.Current!;
            while (Stopwatch.GetTimestamp() < end)
            {
                int spins = random.Next(100);
                ThreadPool.QueueUserWorkItem(_ =>
                {
                    Thread.SpinWait(spins);
                    self.Unpark();
                });
                if (!GreenThread.Park(TimeSpan.FromMicroseconds(random.Next(200))))
                    GreenThread.Park(); // the permit still comes
            }
        }))];
        JoinAll(threads, seed);
    }

    private static long EndOfStress() => Stopwatch.GetTimestamp() + (long)(s_duration.TotalSeconds * Stopwatch.Frequency);

    private static void JoinAll(GreenThread[] threads, int seed)
    {
        foreach (GreenThread thread in threads)
            Assert.True(thread.Join(TimeLimit.Generous), $"hang with seed {seed}: {thread}");
    }
}
