using System.Runtime.CompilerServices;
using static GreenThreads.Tests.WaitCounters;

namespace GreenThreads.Tests;

/// <summary>Blocking calls of whatever kind of thread.</summary>
public abstract class BlockingWorkContract : ThreadContract
{
    [Fact]
    public void The_result_comes_back() => Run(() =>
    {
        int called = 0;
        BlockingWork.Run(() => { called++; });
        Assert.Equal("1", BlockingWork.Run(() => called.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    });

    [Fact]
    public void What_is_thrown_comes_back_with_its_stack() => Run(() =>
    {
        Exception thrown = Assert.Throws<InvalidDataException>(() => BlockingWork.Run(ThrowHere));
        Assert.Equal("expected", thrown.Message);
        Assert.Contains(nameof(ThrowHere), thrown.StackTrace, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => BlockingWork.Run<int>(() => throw new InvalidDataException("expected")));
    });

    [Fact]
    public void Calls_of_many_threads_all_come_to_their_end() => Run(() =>
    {
        const int threads = 40, calls = 50;
        int sum = 0;
        Task[] others = [.. Enumerable.Range(0, threads).Select(_ => Start(() =>
        {
            for (int i = 0; i < calls; i++)
            {
                int number = i;
                Interlocked.Add(ref sum, BlockingWork.Run(() => number));
            }
        }))];
        Join(others);
        Assert.Equal(threads * (calls * (calls - 1) / 2), sum);
    });

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowHere() => throw new InvalidDataException("expected");
}

public sealed class GreenThreadBlockingWorkTests : BlockingWorkContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadBlockingWorkTests : BlockingWorkContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();

    [Fact]
    public void It_makes_the_call_itself() => Run(() =>
    {
        Thread self = Thread.CurrentThread;
        Assert.Same(self, BlockingWork.Run(() => Thread.CurrentThread));
    });
}

/// <summary>The pool that makes blocking calls for green threads.</summary>
public sealed class BlockingPoolTests
{
    private static SchedulerGroup NewGroup(string name, int threads = 64) =>
        new(new SchedulerGroupOptions { Name = name, Schedulers = 1, MaximumSpareSchedulers = 0, MaximumBlockingThreads = threads });

    [SwitchedFact]
    public void Others_go_on_while_calls_block()
    {
        const int calls = 20;
        using SchedulerGroup group = NewGroup("bw-others");
        using var end = new ManualResetEventSlim();
        int blocked = 0;
        GreenThread[] blockers = [.. Enumerable.Range(0, calls).Select(_ => group.Spawn(() => BlockingWork.Run(() =>
        {
            Interlocked.Increment(ref blocked);
            end.Wait();
        })))];
        // On the only scheduler: it can only come to its end if none of them has that.
        GreenThread other = group.Spawn(() =>
        {
            while (Volatile.Read(ref blocked) < calls)
                GreenThread.Yield();
            Assert.Equal(calls, group.Snapshot().BlockingThreads);
            end.Set();
        });
        Join([other, .. blockers]);
    }

    [SwitchedFact]
    public void No_more_than_the_limit_are_made_at_once_and_all_in_the_end()
    {
        const int limit = 3, calls = 100;
        using SchedulerGroup group = NewGroup("bw-limit", limit);
        int now = 0, most = 0, made = 0;
        var gate = new Lock();
        GreenThread[] callers = [.. Enumerable.Range(0, calls).Select(_ => group.Spawn(() => BlockingWork.Run(() =>
        {
            lock (gate)
                most = Math.Max(most, ++now);
            Thread.Yield();
            lock (gate)
                (now, made) = (now - 1, made + 1);
        })))];
        Join(callers);
        Assert.Equal(calls, made);
        Assert.InRange(most, 1, limit);
        Assert.InRange(group.Snapshot().BlockingThreads, 0, limit);
    }

    [SwitchedFact]
    public void A_call_that_has_begun_is_waited_for_and_its_result_counts()
    {
        using SchedulerGroup group = NewGroup("bw-begun");
        using var hasBegun = new ManualResetEventSlim();
        using var end = new ManualResetEventSlim();
        int result = 0;
        GreenThread caller = group.Spawn(() =>
        {
            result = BlockingWork.Run(() =>
            {
                hasBegun.Set();
                end.Wait();
                return 5;
            });
            GreenThread.Yield();
            result = -1;
        });
        Assert.True(hasBegun.Wait(TimeLimit.Generous));
        caller.Cancel();
        // Whoever runs after it on its scheduler sees that it waits again.
        Assert.True(group.Spawn(GreenThread.Yield).Join(TimeLimit.Generous));
        Assert.NotEqual(GreenThreadState.Ended, caller.State);
        end.Set();
        Assert.Throws<GreenThreadCanceledException>(() => caller.Join(TimeLimit.Generous));
        Assert.Equal(5, result);
    }

    [SwitchedFact]
    public void A_call_that_has_not_begun_is_not_made_for_one_who_is_cancelled()
    {
        using SchedulerGroup group = NewGroup("bw-queued", threads: 1);
        using var end = new ManualResetEventSlim();
        using var hasBegun = new ManualResetEventSlim();
        GreenThread first = group.Spawn(() => BlockingWork.Run(() =>
        {
            hasBegun.Set();
            end.Wait();
        }));
        Assert.True(hasBegun.Wait(TimeLimit.Generous));
        bool wasMade = false;
        GreenThread second = group.Spawn(() => BlockingWork.Run(() => wasMade = true));
        Eventually(() => group.BlockingPool.QueuedCount == 1, "the second call is not queued");
        second.Cancel();
        Assert.Throws<GreenThreadCanceledException>(() => second.Join(TimeLimit.Generous));
        Assert.Equal(0, group.BlockingPool.QueuedCount);
        end.Set();
        Join([first]);
        Assert.False(wasMade);
    }

    [Fact]
    public void One_who_is_cancelled_makes_no_further_call()
    {
        bool wasMade = false;
        using var mayGoOn = new ManualResetEventSlim();
        GreenThread caller = GreenThread.Spawn(() =>
        {
            while (!mayGoOn.IsSet)
                Thread.Yield();
            BlockingWork.Run(() => wasMade = true);
        });
        caller.Cancel();
        mayGoOn.Set();
        Assert.Throws<GreenThreadCanceledException>(() => caller.Join(TimeLimit.Generous));
        Assert.False(wasMade);
    }

    [SwitchedFact]
    public void Idle_threads_end_and_others_start_again()
    {
        using SchedulerGroup group = NewGroup("bw-idle");
        for (int round = 0; round < 2; round++)
        {
            Join([group.Spawn(() => BlockingWork.Run(() => { }))]);
            Eventually(() => group.Snapshot().BlockingThreads == 0, "a thread stays without work");
        }
    }

    [SwitchedFact]
    public void A_group_that_has_ended_leaves_no_thread()
    {
        for (int i = 0; i < 5; i++)
        {
            using (SchedulerGroup group = NewGroup("bw-end"))
                Join([.. Enumerable.Range(0, 10).Select(_ => group.Spawn(() => BlockingWork.Run(Thread.Yield)))]);
            Eventually(static () => OsThreadsNamed("bw-end") == 0, "an OS thread of the group is left");
        }
    }

    private static void Join(IEnumerable<GreenThread> threads)
    {
        foreach (GreenThread thread in threads)
            Assert.True(thread.Join(TimeLimit.Generous), thread.ToString());
    }
}
