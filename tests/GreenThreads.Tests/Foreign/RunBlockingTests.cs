using static GreenThreads.Tests.WaitCounters;

namespace GreenThreads.Tests;

/// <summary>Calls that block for long leave the schedulers to the others.</summary>
public sealed class RunBlockingTests
{
    private static SchedulerGroup NewGroup(string name, int schedulers = 1, int threads = 64) => new(new SchedulerGroupOptions
    {
        Name = name,
        Schedulers = schedulers,
        MaximumSpareSchedulers = 0,
        MaximumBlockingThreads = threads,
        // So long that nothing is rescued by the monitor.
        MonitorThreshold = TimeSpan.FromHours(1),
    });

    [SwitchedFact]
    public void With_one_scheduler_others_go_on_while_many_block()
    {
        const int blockers = 20;
        using SchedulerGroup group = NewGroup("rb-many");
        using var end = new ManualResetEventSlim();
        int blocked = 0;
        GreenThread[] threads = [.. Enumerable.Range(0, blockers).Select(_ => group.Spawn(() => Foreign.RunBlocking(() =>
        {
            Interlocked.Increment(ref blocked);
            Green.BlockOsThread(end);
        })))];
        GreenThread other = group.Spawn(() =>
        {
            while (Volatile.Read(ref blocked) < blockers)
                GreenThread.Yield();
            GreenThread.Sleep(TimeSpan.FromMilliseconds(1));
            Assert.True(group.Spawn(static () => { }).Join(TimeLimit.Generous));
            end.Set();
        });
        Join([other, .. threads]);
    }

    [SwitchedFact]
    public void It_blocks_another_OS_thread_and_goes_on_on_a_scheduler_as_the_same_green_thread()
    {
        using SchedulerGroup group = NewGroup("rb-moves");
        GreenThread thread = group.Spawn(() =>
        {
            GreenThread self = GreenThread.Current!;
            Scheduler scheduler = self.Scheduler!;
            int id = Environment.CurrentManagedThreadId, osThread = Interop.gettid();
            for (int i = 0; i < 10; i++)
            {
                Foreign.RunBlocking(() =>
                {
                    Assert.Same(self, GreenThread.Current);
                    Assert.Equal(id, Environment.CurrentManagedThreadId);
                    Assert.NotEqual(osThread, Interop.gettid());
                    Assert.True(self.Scheduler!.IsHost);
                    Assert.True(Coroutine.IsOnLargeStack);
                });
                Assert.Equal(osThread, Interop.gettid());
                Assert.Same(scheduler, self.Scheduler);
            }
        });
        Join([thread]);
        Assert.Equal(1, group.Schedulers.Count(static scheduler => scheduler.IsHost));
    }

    [SwitchedFact]
    public void It_leaves_by_an_exception_too()
    {
        using SchedulerGroup group = NewGroup("rb-throws");
        GreenThread thread = group.Spawn(() =>
        {
            Scheduler scheduler = GreenThread.Current!.Scheduler!;
            for (int i = 0; i < 10; i++)
            {
                Assert.Throws<InvalidDataException>(() => Foreign.RunBlocking(static () => throw new InvalidDataException("expected")));
                GreenThread.Yield();
                Assert.Same(scheduler, GreenThread.Current!.Scheduler);
            }
        });
        Join([thread]);
    }

    [SwitchedFact]
    public void No_more_than_the_limit_block_at_once()
    {
        const int limit = 2, calls = 50;
        using SchedulerGroup group = NewGroup("rb-limit", schedulers: 2, threads: limit);
        var gate = new Lock();
        int now = 0, most = 0, made = 0;
        GreenThread[] threads = [.. Enumerable.Range(0, calls).Select(_ => group.Spawn(() => Foreign.RunBlocking(() =>
        {
            using NoPark noPark = NoPark.Enter();
            lock (gate)
                most = Math.Max(most, ++now);
            _ = Interop.sched_yield();
            lock (gate)
                (now, made) = (now - 1, made + 1);
        })))];
        Join(threads);
        Assert.Equal(calls, made);
        Assert.InRange(most, 1, limit);
        Assert.InRange(group.Schedulers.Count(static scheduler => scheduler.IsHost), 1, limit);
    }

    [SwitchedFact]
    public void Who_waits_for_a_host_can_be_cancelled()
    {
        using SchedulerGroup group = NewGroup("rb-cancel", threads: 1);
        using var hasBegun = new ManualResetEventSlim();
        using var end = new ManualResetEventSlim();
        GreenThread first = group.Spawn(() => Foreign.RunBlocking(() =>
        {
            hasBegun.Set();
            Green.BlockOsThread(end);
        }));
        Assert.True(hasBegun.Wait(TimeLimit.Generous));
        bool hasRun = false;
        GreenThread second = group.Spawn(() => Foreign.RunBlocking(() => hasRun = true));
        Eventually(() => second.State == GreenThreadState.Parked, "the second does not wait");
        second.Cancel();
        Assert.Throws<GreenThreadCanceledException>(() => second.Join(TimeLimit.Generous));
        Assert.False(hasRun);
        end.Set();
        Join([first]);
        // And the host is free for the next.
        Join([group.Spawn(() => Foreign.RunBlocking(() => hasRun = true))]);
        Assert.True(hasRun);
    }

    [SwitchedFact]
    public void Threads_that_come_and_go_all_come_to_their_end()
    {
        const int threads = 60, rounds = 20;
        using SchedulerGroup group = NewGroup("rb-stress", schedulers: 2, threads: 4);
        long sum = 0;
        GreenThread[] all = [.. Enumerable.Range(0, threads).Select(i => group.Spawn(() =>
        {
            var random = new Random(i);
            for (int round = 0; round < rounds; round++)
            {
                int number = random.Next(100);
                Interlocked.Add(ref sum, Foreign.RunBlocking(() =>
                {
                    if (number % 3 == 0)
                        GreenThread.Yield();
                    if (number % 7 == 0)
                        GreenThread.Sleep(TimeSpan.FromMilliseconds(0.1));
                    return 1;
                }));
                if (number % 2 == 0)
                    GreenThread.Yield();
                if (number % 11 == 0)
                    Assert.True(GreenThread.Spawn(() => Foreign.RunBlocking(static () => { })).Join(TimeLimit.Generous));
            }
        }))];
        Join(all);
        Assert.Equal(threads * rounds, sum);
    }

    [SwitchedFact]
    public void A_group_that_has_ended_leaves_no_thread()
    {
        for (int i = 0; i < 3; i++)
        {
            using (SchedulerGroup group = NewGroup("rb-end"))
                Join([.. Enumerable.Range(0, 5).Select(_ => group.Spawn(static () => Foreign.RunBlocking(static () => { })))]);
            Eventually(static () => OsThreadsNamed("rb-end") == 0, "an OS thread of the group is left");
        }
    }

    private static void Join(IEnumerable<GreenThread> threads)
    {
        foreach (GreenThread thread in threads)
            Assert.True(thread.Join(TimeLimit.Generous), thread.ToString());
    }
}
