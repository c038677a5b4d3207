using System.Collections.Concurrent;
using System.Diagnostics;

namespace GreenThreads.Tests;

/// <summary>Work reaches the schedulers that have none.</summary>
public sealed class StealingTests
{
    [Fact]
    public void Green_threads_that_spin_for_each_other_run_at_the_same_time()
    {
        // Nobody parks or yields, so this ends only if two OS threads run them.
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2 });
        int arrived = 0;
        void Meet()
        {
            Interlocked.Increment(ref arrived);
            while (Volatile.Read(ref arrived) % 2 != 0)
                Thread.SpinWait(10);
        }
        for (int i = 0; i < 50; i++)
        {
            GreenThread one = group.Spawn(Meet), other = group.Spawn(Meet);
            Assert.True(one.Join(TimeLimit.Generous) && other.Join(TimeLimit.Generous));
        }
    }

    [Fact]
    public void A_lone_child_of_a_spawner_that_computes_on_is_not_left_behind()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2 });
        for (int i = 0; i < 20; i++)
        {
            Assert.True(group.Spawn(() =>
            {
                bool hasRun = false;
                GreenThread child = GreenThread.Spawn(() => Volatile.Write(ref hasRun, true));
                while (!Volatile.Read(ref hasRun))
                    Thread.SpinWait(10);
                child.Join();
            }).Join(TimeLimit.Generous), "nobody took the child");
        }
    }

    [Fact]
    public void A_woken_one_is_not_left_behind_by_a_waker_that_computes_on()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2 });
        for (int i = 0; i < 20; i++)
        {
            bool hasRun = false;
            GreenThread sleeper = group.Spawn(() =>
            {
                GreenThread.Park();
                Volatile.Write(ref hasRun, true);
            });
            Assert.True(SpinWait.SpinUntil(() => sleeper.State == GreenThreadState.Parked, TimeLimit.Generous));
            Assert.True(group.Spawn(() =>
            {
                sleeper.Unpark();
                while (!Volatile.Read(ref hasRun))
                    Thread.SpinWait(10);
            }).Join(TimeLimit.Generous), "nobody took the woken one");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void More_than_a_ring_holds_runs_all_the_same(int schedulers)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = schedulers });
        const int threads = 5000;
        int[] runs = new int[threads];
        Assert.True(group.Spawn(() =>
        {
            GreenThread[] all = [.. Enumerable.Range(0, threads).Select(i => GreenThread.Spawn(() =>
            {
                GreenThread.Yield();
                Interlocked.Increment(ref runs[i]);
            }))];
            foreach (GreenThread thread in all)
                thread.Join();
        }).Join(TimeLimit.Generous));
        Assert.All(runs, count => Assert.Equal(1, count));
    }

    [SwitchedFact]
    public void A_group_shares_a_burst_among_its_schedulers()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 4 });
        var osThreads = new ConcurrentDictionary<int, int>();
        Assert.True(group.Spawn(() =>
        {
            GreenThread[] all = [.. Enumerable.Range(0, 200).Select(_ => GreenThread.Spawn(() =>
            {
                long end = Stopwatch.GetTimestamp() + Stopwatch.Frequency / 1000;
                while (Stopwatch.GetTimestamp() < end)
                    Thread.SpinWait(10);
                osThreads.AddOrUpdate(Interop.gettid(), 1, (_, count) => count + 1);
            }))];
            foreach (GreenThread thread in all)
                thread.Join();
        }).Join(TimeLimit.Generous));
        Assert.True(osThreads.Count >= 2, "one scheduler did it all");
        Assert.True(group.Snapshot().Schedulers.Sum(scheduler => scheduler.Steals) > 0, "nobody stole");
    }
}
