namespace GreenThreads.Tests;

/// <summary>The synchronization context of green threads, used directly.</summary>
public sealed class ContextTests
{
    private static SynchronizationContext ContextOf(SchedulerGroup group) => group.Spawn(static () => SynchronizationContext.Current!).Result;

    [Fact]
    public void Its_copy_is_itself_and_each_group_has_one()
    {
        using var one = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        using var other = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        SynchronizationContext context = ContextOf(one);
        Assert.Same(context, context.CreateCopy());
        Assert.Same(context, ContextOf(one));
        Assert.NotSame(context, ContextOf(other));
        Assert.Equal(GreenRuntime.Mode == GreenRuntimeMode.Switched, context.IsWaitNotificationRequired());
    }

    [Fact]
    public void Send_runs_on_a_green_thread_and_waits_for_it()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        SynchronizationContext context = ContextOf(group);
        GreenThread? ran = null;
        object? seen = null;
        context.Send(state => (ran, seen) = (GreenThread.Current, state), "state");
        Assert.NotNull(ran);
        Assert.Equal("state", seen);
        Assert.Equal(GreenThreadState.Ended, ran.State);
        var thrown = new InvalidOperationException("thrown by what was sent");
        Assert.Same(thrown, Assert.Throws<InvalidOperationException>(() => context.Send(_ => throw thrown, null)));
    }

    [Fact]
    public void Send_from_a_green_thread_of_the_group_runs_at_once_and_from_another_group_over_there()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        using var other = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        SynchronizationContext context = ContextOf(group);
        (GreenThread? sender, GreenThread? ran) = SendFrom(group);
        Assert.Same(sender, ran);
        (sender, ran) = SendFrom(other);
        Assert.NotSame(sender, ran);
        Assert.Same(group, ran!.Group);

        (GreenThread?, GreenThread?) SendFrom(SchedulerGroup from) => from.Spawn(() =>
        {
            GreenThread? ran = null;
            context.Send(_ => ran = GreenThread.Current, null);
            return (GreenThread.Current, ran);
        }).Result;
    }

    [Fact]
    public void What_is_posted_after_the_group_has_ended_runs_on_the_thread_pool()
    {
        SynchronizationContext context;
        using (var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 }))
            context = ContextOf(group);
        var ran = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        context.Post(_ => ran.SetResult(Thread.CurrentThread.IsThreadPoolThread && GreenThread.Current is null), null);
        Assert.True(ran.Task.Result);
        Assert.Throws<InvalidOperationException>(() => context.Send(static _ => { }, null));
    }

    [Fact]
    public void A_drain_waits_for_an_operation_that_has_been_started_and_a_cancellation_does_not()
    {
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        SynchronizationContext context = ContextOf(group);
        context.OperationStarted();
        context.OperationStarted();
        Task<ShutdownReport> shutdown = Task.Factory.StartNew(() => group.Shutdown(Timeout.InfiniteTimeSpan), TaskCreationOptions.LongRunning);
        // Refuses from outside once it drains.
        Assert.True(SpinWait.SpinUntil(() => Refuses(group), TimeLimit.Generous));
        context.OperationCompleted();
        Assert.False(shutdown.IsCompleted);
        context.OperationCompleted();
        Assert.True(shutdown.Result is { HasDrained: true, IsComplete: true });

        group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        ContextOf(group).OperationStarted();
        Assert.True(group.Shutdown(TimeSpan.Zero) is { HasDrained: false, IsComplete: true });
    }

    private static bool Refuses(SchedulerGroup group)
    {
        try
        {
            group.Spawn(static () => { });
            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }
}
