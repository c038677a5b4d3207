using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace GreenThreads.Tests;

/// <summary>Where asynchronous code that begins on a green thread goes on: the table of docs/tasks.md.</summary>
public sealed class AsyncOnGreenTests
{
    private static readonly AsyncLocal<string?> s_local = new();

    public enum Completer
    {
        NobodyIsNeeded,
        ThreadPool,
        GreenThread,
        GreenThreadOfAnotherGroup,
        OsThread,
    }

    [Theory]
    [InlineData(Completer.NobodyIsNeeded)]
    [InlineData(Completer.ThreadPool)]
    [InlineData(Completer.GreenThread)]
    [InlineData(Completer.GreenThreadOfAnotherGroup)]
    [InlineData(Completer.OsThread)]
    public void An_await_goes_on_on_a_green_thread_of_the_same_group(Completer completer) => InGroups(async (group, other) =>
    {
        GreenThread before = GreenThread.Current!;
        await CompletedBy(completer, group, other);
        Assert.Same(group, GreenThread.Current?.Group);
        Assert.Same(group.SynchronizationContext, SynchronizationContext.Current);
        if (completer == Completer.NobodyIsNeeded)
            Assert.Same(before, GreenThread.Current);
        await CompletedBy(completer, group, other).ConfigureAwait(true);
        Assert.Same(group, GreenThread.Current?.Group);
    });

    [Theory]
    [InlineData(Completer.ThreadPool)]
    [InlineData(Completer.GreenThread)]
    [InlineData(Completer.GreenThreadOfAnotherGroup)]
    [InlineData(Completer.OsThread)]
    public void ConfigureAwait_false_leaves_the_green_threads(Completer completer) => InGroups(async (group, other) =>
    {
        // It waits already when the other one begins.
        var gate = new TaskCompletionSource();
        Task continued = LeaveAsync(gate.Task);
        await CompletedBy(completer, group, other, gate);
        await continued;
        Assert.Same(group, GreenThread.Current?.Group);

        async Task LeaveAsync(Task task)
        {
            await task.ConfigureAwait(false);
            Assert.Null(GreenThread.Current);
            Assert.Null(SynchronizationContext.Current);
            // From there, nothing leads back but a green thread.
            await Task.Yield();
            Assert.Null(GreenThread.Current);
            Assert.Same(group, await GreenThread.Run(() => GreenThread.Current!.Group, group: group).ConfigureAwait(false));
        }
    });

    [Fact]
    public void ConfigureAwait_false_stays_where_nothing_is_waited_for() => InGroups(async (group, other) =>
    {
        GreenThread before = GreenThread.Current!;
        await CompletedBy(Completer.NobodyIsNeeded, group, other).ConfigureAwait(false);
        Assert.Same(before, GreenThread.Current);
    });

    [Fact]
    public void Task_Yield_and_forced_yielding_go_on_on_another_green_thread() => InGroups(async (group, _) =>
    {
        await Task.Yield();
        Assert.Same(group, GreenThread.Current?.Group);
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Assert.Same(group, GreenThread.Current?.Group);
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Assert.Null(GreenThread.Current);
    });

    [Fact]
    public void Awaiting_a_green_thread_comes_back_to_the_own_group() => InGroups(async (group, other) =>
    {
        Assert.Same(other, await other.Spawn(() => GreenThread.Current!.Group));
        Assert.Same(group, GreenThread.Current?.Group);
        Assert.Same(other, await GreenThread.Run(() => GreenThread.Current!.Group, group: other));
        Assert.Same(group, GreenThread.Current?.Group);
    });

    [Fact]
    public void Task_Run_leaves_the_green_threads_for_its_body_only() => InGroups(async (group, _) =>
    {
        Assert.Null(await Task.Run(() => GreenThread.Current));
        Assert.Same(group, GreenThread.Current?.Group);
    });

    [Fact]
    public void What_is_local_to_asynchronous_code_flows_over_its_awaits() => InGroups(async (group, other) =>
    {
        s_local.Value = "mine";
        foreach (Completer completer in Enum.GetValues<Completer>())
        {
            await CompletedBy(completer, group, other);
            Assert.Equal("mine", s_local.Value);
        }
        await GreenThread.Run(() => { s_local.Value = "its own"; });
        Assert.Equal("mine", s_local.Value);
    });

    [Fact]
    public void Blocking_code_after_an_await_parks() => InGroups(async (group, _) =>
    {
        await Task.Yield();
        GreenThread.Sleep(TimeSpan.FromMilliseconds(1));
        GreenThread.Await(Task.Delay(1));
        GreenThread.Spawn(() => { }).Join();
        Assert.Same(group, GreenThread.Current?.Group);
    });

    [Fact]
    public void Channels_and_asynchronous_streams_stay_in_the_group() => InGroups(async (group, _) =>
    {
        var channel = Channel.CreateBounded<int>(1);
        GreenThread writer = GreenThread.Spawn(() =>
        {
            for (int i = 0; i < 100; i++)
                GreenThread.Await(channel.Writer.WriteAsync(i));
            channel.Writer.Complete();
        });
        int expected = 0;
        await foreach (int item in channel.Reader.ReadAllAsync())
        {
            Assert.Equal(expected++, item);
            Assert.Same(group, GreenThread.Current?.Group);
        }
        Assert.Equal(100, expected);
        await writer;
    });

    [Fact]
    public void A_drain_waits_for_async_void_methods()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "void" });
        var gate = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        bool ended = false;
        group.Spawn(() => RunVoid());
        Assert.True(begun.Task.Wait(TimeLimit.Generous));
        Task<ShutdownReport> shutdown = Task.Run(() => group.Shutdown(TimeLimit.Generous));
        gate.SetResult();
        Assert.True(shutdown.Wait(TimeLimit.Generous));
        Assert.True(shutdown.Result.HasDrained);
        Assert.True(Volatile.Read(ref ended));

        async void RunVoid()
        {
            begun.SetResult();
            await gate.Task;
            await Task.Delay(1);
            Volatile.Write(ref ended, true);
        }
    }

    [Fact]
    public void After_the_end_of_the_group_the_thread_pool_goes_on()
    {
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "gone" });
        var gate = new TaskCompletionSource();
        Task<GreenThread?> continued = group.Spawn(() => new StrongBox<Task<GreenThread?>>(ContinueAsync())).Result.Value!;
        group.Dispose();
        gate.SetResult();
        Assert.True(continued.Wait(TimeLimit.Generous));
        Assert.Null(continued.Result);

        async Task<GreenThread?> ContinueAsync()
        {
            await gate.Task;
            return GreenThread.Current;
        }
    }

    private static Task CompletedBy(Completer completer, SchedulerGroup group, SchedulerGroup other, TaskCompletionSource? task = null)
    {
        task ??= new TaskCompletionSource();
        switch (completer)
        {
            case Completer.NobodyIsNeeded:
                task.SetResult();
                break;
            case Completer.ThreadPool:
                ThreadPool.QueueUserWorkItem(_ => task.SetResult());
                break;
            case Completer.GreenThread:
                group.Spawn(Complete);
                break;
            case Completer.GreenThreadOfAnotherGroup:
                other.Spawn(Complete);
                break;
            default:
                OsThreads.Start(Complete);
                break;
        }
        return task.Task;

        // Some time later, so that it is usually awaited by then.
        void Complete()
        {
            GreenThread.Yield();
            Thread.Yield();
            task.SetResult();
        }
    }

    private static void InGroups(Func<SchedulerGroup, SchedulerGroup, Task> body)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "own" });
        using var other = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "other" });
        GreenThread.Run(() => body(group, other), group: group).WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();
    }
}
