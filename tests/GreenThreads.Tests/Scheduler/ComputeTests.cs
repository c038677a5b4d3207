using System.Runtime.CompilerServices;
using static GreenThreads.Tests.WaitCounters;

namespace GreenThreads.Tests;

/// <summary>Computations of whatever kind of thread.</summary>
public abstract class ComputeContract : ThreadContract
{
    private static readonly AsyncLocal<string?> s_local = new();

    [Fact]
    public void The_result_comes_back() => Run(() =>
    {
        int done = 0;
        Compute.Run(() => { done++; });
        Assert.Equal(42, Compute.Run(() => 41 + done));
    });

    [Fact]
    public void What_is_thrown_comes_back_with_its_stack() => Run(() =>
    {
        Exception thrown = Assert.Throws<InvalidDataException>(() => Compute.Run(ThrowHere));
        Assert.Contains(nameof(ThrowHere), thrown.StackTrace, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => Compute.Run<int>(() => throw new InvalidDataException("expected")));
    });

    [Fact]
    public void Async_locals_are_there_and_what_is_changed_stays_behind() => Run(() =>
    {
        s_local.Value = "mine";
        Assert.Equal("mine", Compute.Run(() => s_local.Value));
    });

    [Fact]
    public void A_computation_within_a_computation_needs_no_further_thread() => Run(() =>
    {
        Task[] others = [.. Enumerable.Range(0, 4 * Environment.ProcessorCount).Select(_ => Start(() =>
            Assert.Equal(3, Compute.Run(() => 1 + Compute.Run(() => 1 + Compute.Run(() => 1))))))];
        Join(others);
    });

    [Fact]
    public void Computations_of_many_all_come_to_their_end() => Run(() =>
    {
        long sum = 0;
        Task[] others = [.. Enumerable.Range(0, 100).Select(i => Start(() =>
        {
            for (int round = 0; round < 10; round++)
                Interlocked.Add(ref sum, Compute.Run(() => Enumerable.Range(0, 100).Sum()));
        }))];
        Join(others);
        Assert.Equal(100 * 10 * 4950, sum);
    });

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowHere() => throw new InvalidDataException("expected");
}

public sealed class GreenThreadComputeTests : ComputeContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadComputeTests : ComputeContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}

/// <summary>Where computations of green threads run.</summary>
public sealed class ComputePoolTests
{
    [SwitchedFact]
    public void Others_go_on_while_one_computes_and_no_more_compute_than_there_are_threads()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "cp-others", Schedulers = 1, MaximumSpareSchedulers = 0, ComputeThreads = 2 });
        int computing = 0, most = 0, mayEnd = 0;
        var gate = new Lock();
        GreenThread[] threads = [.. Enumerable.Range(0, 6).Select(_ => group.Spawn(() => Compute.Run(() =>
        {
            Assert.Null(GreenThread.Current);
            lock (gate)
                most = Math.Max(most, ++computing);
            while (Volatile.Read(ref mayEnd) == 0)
                Thread.Yield();
            lock (gate)
                computing--;
        })))];
        GreenThread other = group.Spawn(() =>
        {
            while (Volatile.Read(ref computing) < 2 || group.ComputePool.QueuedCount < 4)
                GreenThread.Yield();
            Assert.Equal(2, group.Snapshot().ComputeThreads);
            Volatile.Write(ref mayEnd, 1);
        });
        foreach (GreenThread thread in (GreenThread[])[other, .. threads])
            Assert.True(thread.Join(TimeLimit.Generous));
        Assert.Equal(2, most);
    }

    [SwitchedFact]
    public void One_that_has_not_begun_does_not_for_one_who_is_cancelled_and_one_that_has_is_waited_for()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "cp-cancel", Schedulers = 1, ComputeThreads = 1 });
        using var hasBegun = new ManualResetEventSlim();
        using var end = new ManualResetEventSlim();
        bool hasEnded = false, wasMade = false;
        GreenThread first = group.Spawn(() =>
        {
            hasEnded = Compute.Run(() =>
            {
                hasBegun.Set();
                end.Wait();
                return true;
            });
            GreenThread.Yield();
        });
        Assert.True(hasBegun.Wait(TimeLimit.Generous));
        GreenThread second = group.Spawn(() => Compute.Run(() => { wasMade = true; }));
        Eventually(() => group.ComputePool.QueuedCount == 1, "the second is not queued");
        first.Cancel();
        second.Cancel();
        Assert.Throws<GreenThreadCanceledException>(() => second.Join(TimeLimit.Generous));
        Assert.False(wasMade);
        Assert.False(hasEnded);
        end.Set();
        Assert.Throws<GreenThreadCanceledException>(() => first.Join(TimeLimit.Generous));
        Assert.True(hasEnded);
    }

    [SwitchedFact]
    public void What_a_computation_does_to_its_thread_is_not_for_the_next_one()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "cp-clean", Schedulers = 1, ComputeThreads = 1 });
        var local = new AsyncLocal<string?>();
        GreenThread thread = group.Spawn(() =>
        {
            using AsyncFlowControl flow = ExecutionContext.SuppressFlow();
            Thread first = Compute.Run(() =>
            {
                local.Value = "left behind";
                SynchronizationContext.SetSynchronizationContext(new SynchronizationContext());
                Thread.CurrentThread.IsBackground = false;
                Thread.CurrentThread.Priority = ThreadPriority.AboveNormal;
                return Thread.CurrentThread;
            });
            Compute.Run(() =>
            {
                Assert.Same(first, Thread.CurrentThread);
                Assert.Null(local.Value);
                Assert.Null(SynchronizationContext.Current);
                Assert.True(first.IsBackground);
                Assert.Equal(ThreadPriority.Normal, first.Priority);
            });
        });
        Assert.True(thread.Join(TimeLimit.Generous));
    }

    [SwitchedFact]
    public void An_interrupt_that_comes_too_late_ends_nothing()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "cp-interrupt", Schedulers = 1, ComputeThreads = 1 });
        GreenThread thread = group.Spawn(() =>
        {
            for (int i = 0; i < 5; i++)
            {
                Compute.Run(static () => Thread.CurrentThread.Interrupt());
                Assert.Equal(i, Compute.Run(() => i));
            }
        });
        Assert.True(thread.Join(TimeLimit.Generous));
    }
}
