namespace GreenThreads.Tests;

/// <summary>
/// The classic deadlock: a library's asynchronous code has captured the caller's context, the caller blocks until it has ended, and its continuation waits for the
/// caller's thread. A green context has no such thread.
/// </summary>
public sealed class SyncOverAsyncTests
{
    public enum Way
    {
        Result,
        Wait,
        GetResult,
        Await,
    }

    [Theory]
    [InlineData(1, Way.Result)]
    [InlineData(1, Way.Wait)]
    [InlineData(1, Way.GetResult)]
    [InlineData(1, Way.Await)]
    [InlineData(2, Way.Result)]
    [InlineData(2, Way.Await)]
    public void A_caller_that_blocks_until_library_code_has_ended_gets_its_result(int schedulers, Way way)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = schedulers, Name = "callers" });
        GreenThread<int>[] callers = [.. Enumerable.Range(0, 8).Select(i => group.Spawn(() => Get(way, LibraryAsync(group, i))))];
        for (int i = 0; i < callers.Length; i++)
        {
            Assert.True(callers[i].Join(TimeLimit.Generous), "the classic deadlock");
            Assert.Equal(i, callers[i].Result);
        }
    }

    [Fact]
    public void Three_hundred_callers_that_block_at_once_are_no_deadlock_either()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "many" });
        var gate = new TaskCompletionSource();
        int blocked = 0;
        GreenThread<int>[] callers = [.. Enumerable.Range(0, 300).Select(i => group.Spawn(() => Get((Way)(i % 4), GatedAsync(i))))];
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref blocked) == callers.Length, TimeLimit.Generous));
        gate.SetResult();
        for (int i = 0; i < callers.Length; i++)
        {
            Assert.True(callers[i].Join(TimeLimit.Generous), "the classic deadlock");
            Assert.Equal(i, callers[i].Result);
        }

        async Task<int> GatedAsync(int result)
        {
            Interlocked.Increment(ref blocked);
            await gate.Task;
            return await LibraryAsync(group, result);
        }
    }

    [Theory]
    [InlineData(Way.Result)]
    [InlineData(Way.Await)]
    public void Blocking_on_code_that_blocks_on_asynchronous_code_ends_too(Way way)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "layers" });
        GreenThread<int> caller = group.Spawn(() => Get(way, LayerAsync(4)));
        Assert.True(caller.Join(TimeLimit.Generous), "the classic deadlock");
        Assert.Equal(4, caller.Result);

        async Task<int> LayerAsync(int depth)
        {
            await Task.Yield();
            return depth == 0 ? 0 : Get(way, LayerAsync(depth - 1)) + 1;
        }
    }

    [Theory]
    [InlineData(Way.Result)]
    [InlineData(Way.Await)]
    public void Its_exceptions_come_with_their_stacks(Way way)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "failing" });
        GreenThread<int> caller = group.Spawn(() => Get(way, FailAsync()));
        Exception failure = Assert.ThrowsAny<Exception>(() => { caller.Join(TimeLimit.Generous); });
        if (way == Way.Result)
            failure = Assert.IsType<AggregateException>(failure).InnerException!;
        Assert.IsType<FormatException>(failure);
        Assert.Contains(nameof(FailAsync), failure.StackTrace, StringComparison.Ordinal);

        static async Task<int> FailAsync()
        {
            await Task.Delay(1);
            throw new FormatException("thrown");
        }
    }

    // No ConfigureAwait: each of these goes back to the context of the blocked caller.
    private static async Task<int> LibraryAsync(SchedulerGroup group, int result)
    {
        await Task.Delay(1);
        Assert.Same(group, GreenThread.Current?.Group);
        await Task.Yield();
        Assert.Same(group, GreenThread.Current?.Group);
        await Task.Run(() => { });
        Assert.Same(group, GreenThread.Current?.Group);
        return result;
    }

    private static T Get<T>(Way way, Task<T> task)
    {
        switch (way)
        {
            case Way.Wait:
                task.Wait();
                return task.Result;
            case Way.Result:
                return task.Result;
            case Way.GetResult:
                return task.GetAwaiter().GetResult();
            default:
                return GreenThread.Await(task);
        }
    }
}
