namespace GreenThreads.Tests;

/// <summary><see cref="GreenThread.Await(Task, CancellationToken)"/>, seen from a kind of thread.</summary>
public abstract class AwaitContract : ThreadContract
{
    public enum Completer
    {
        GreenThread,
        ThreadPool,
        OsThread,
    }

    [Fact]
    public void A_completed_task_gives_its_result_at_once() => Run(() =>
    {
        GreenThread.Await(Task.CompletedTask);
        Assert.Equal(7, GreenThread.Await(Task.FromResult(7)));
        GreenThread.Await(default(ValueTask));
        Assert.Equal(8, GreenThread.Await(new ValueTask<int>(8)));
        Assert.Equal(9, GreenThread.Await(Task.FromResult(9), new CancellationToken(canceled: true)));
        Assert.Equal(9, GreenThread.Await(Task.FromResult(9), TimeSpan.Zero));
    });

    [Theory]
    [InlineData(Completer.GreenThread, false)]
    [InlineData(Completer.GreenThread, true)]
    [InlineData(Completer.ThreadPool, false)]
    [InlineData(Completer.ThreadPool, true)]
    [InlineData(Completer.OsThread, false)]
    [InlineData(Completer.OsThread, true)]
    public void The_wait_ends_with_the_task_whoever_completes_it(Completer completer, bool isAsynchronous) => Run(() =>
    {
        for (int i = 0; i < 20; i++)
        {
            int result = i;
            var task = new TaskCompletionSource<int>(isAsynchronous ? TaskCreationOptions.RunContinuationsAsynchronously : TaskCreationOptions.None);
            CompleteOn(completer, () => task.SetResult(result));
            Assert.Equal(i, GreenThread.Await(task.Task));

            var source = new CompletableSource<int>(isAsynchronous);
            CompleteOn(completer, () => source.SetResult(result));
            Assert.Equal(i, GreenThread.Await(source.Task));
            Assert.Equal(1, source.Taken);
        }
    });

    [Fact]
    public void Many_wait_for_one_task() => Run(() =>
    {
        var task = new TaskCompletionSource<string>();
        Task[] waiters = [.. Enumerable.Range(0, 20).Select(_ => Start(() => Assert.Equal("end", GreenThread.Await(task.Task))))];
        task.SetResult("end");
        Join(waiters);
    });

    [Fact]
    public void What_the_task_threw_is_thrown_unwrapped_and_with_its_stack() => Run(() =>
    {
        for (int i = 0; i < 2; i++)
        {
            Task<int> failing = FailAfterAsync(Task.Delay(i));
            FormatException failure = Assert.Throws<FormatException>(() => GreenThread.Await(failing));
            Assert.Contains(nameof(FailAfterAsync), failure.StackTrace, StringComparison.Ordinal);
            Assert.Throws<FormatException>(() => GreenThread.Await((Task)failing));
            Assert.Throws<FormatException>(() => GreenThread.Await(new ValueTask<int>(failing)));
            Assert.Throws<FormatException>(() => GreenThread.Await(failing, TimeLimit.Generous));
        }
        Task several = Task.WhenAll(Task.FromException(new FormatException("first")), Task.FromException(new TimeoutException("second")));
        Assert.Equal("first", Assert.Throws<FormatException>(() => GreenThread.Await(several)).Message);

        var source = new CompletableSource<int>();
        CompleteOn(Completer.ThreadPool, () => source.SetException(new FormatException("of the source")));
        Assert.Equal("of the source", Assert.Throws<FormatException>(() => GreenThread.Await(source.TaskWithoutResult)).Message);
        Assert.Equal(1, source.Taken);
    });

    [Fact]
    public void A_cancelled_task_throws_with_its_token() => Run(() =>
    {
        using var cancellation = new CancellationTokenSource();
        Task canceled = Task.Delay(Timeout.Infinite, cancellation.Token);
        CompleteOn(Completer.ThreadPool, cancellation.Cancel);
        Assert.Equal(cancellation.Token, Assert.ThrowsAny<OperationCanceledException>(() => GreenThread.Await(canceled)).CancellationToken);
    });

    [Fact]
    public void A_token_ends_the_wait_and_not_the_task() => Run(() =>
    {
        using var cancellation = new CancellationTokenSource();
        var task = new TaskCompletionSource<int>();
        CompleteOn(Completer.ThreadPool, cancellation.Cancel);
        for (int i = 0; i < 2; i++)
        {
            var canceled = Assert.ThrowsAny<OperationCanceledException>(() => GreenThread.Await(task.Task, cancellation.Token));
            Assert.Equal(cancellation.Token, canceled.CancellationToken);
            canceled = Assert.ThrowsAny<OperationCanceledException>(() => GreenThread.Await(task.Task, TimeLimit.Generous, cancellation.Token));
            Assert.Equal(cancellation.Token, canceled.CancellationToken);
        }
        using var never = new CancellationTokenSource();
        CompleteOn(Completer.ThreadPool, () => task.SetResult(3));
        Assert.Equal(3, GreenThread.Await(task.Task, never.Token));
    });

    [Fact]
    public void A_timeout_ends_the_wait_and_not_the_task() => Run(() =>
    {
        var task = new TaskCompletionSource<int>();
        Assert.Throws<TimeoutException>(() => GreenThread.Await(task.Task, TimeSpan.Zero));
        Assert.Throws<TimeoutException>(() => GreenThread.Await((Task)task.Task, TimeSpan.FromMilliseconds(2)));
        CompleteOn(Completer.ThreadPool, () => task.SetResult(3));
        Assert.Equal(3, GreenThread.Await(task.Task, TimeLimit.Generous));
        Assert.Equal(3, GreenThread.Await(task.Task, Timeout.InfiniteTimeSpan));
        Assert.Throws<ArgumentOutOfRangeException>(() => GreenThread.Await(task.Task, TimeSpan.FromSeconds(-2)));
    });

    [Fact]
    public void A_value_task_that_is_given_up_is_still_consumed_once() => Run(() =>
    {
        using var cancellation = new CancellationTokenSource();
        var source = new CompletableSource<int>();
        CompleteOn(Completer.ThreadPool, cancellation.Cancel);
        Assert.ThrowsAny<OperationCanceledException>(() => GreenThread.Await(source.Task, cancellation.Token));
        Assert.Equal(0, source.Taken);
        source.SetResult(1);
        WaitUntil(() => source.Taken == 1);
    });

    // Each wait that stays behind is a hundred bytes at least, and there are 10,000 of them.
    [Fact]
    public void Waits_that_are_given_up_leave_nothing_in_the_task() => Run(() =>
    {
        var task = new TaskCompletionSource();
        GiveUp(task.Task, 100);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        GiveUp(task.Task, 5000);
        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(grown < 500_000, $"{grown} bytes stayed behind");
        GC.KeepAlive(task);

        static void GiveUp(Task task, int count)
        {
            for (int i = 0; i < count; i++)
            {
                Assert.Throws<TimeoutException>(() => GreenThread.Await(task, TimeSpan.Zero));
                using var cancellation = new CancellationTokenSource();
                if (i % 2 == 0)
                    cancellation.Cancel();
                else
                    cancellation.CancelAfter(TimeSpan.FromTicks(1));
                Assert.ThrowsAny<OperationCanceledException>(() => GreenThread.Await(task, cancellation.Token));
            }
        }
    });

    [Fact]
    public void No_task_is_refused() => Run(() =>
    {
        Assert.Throws<ArgumentNullException>(() => GreenThread.Await(null!));
        Assert.Throws<ArgumentNullException>(() => GreenThread.Await<int>(null!));
        Assert.Throws<ArgumentNullException>(() => GreenThread.Await(null!, TimeSpan.Zero));
        Assert.Throws<ArgumentNullException>(() => GreenThread.Await<int>(null!, TimeSpan.Zero));
    });

    [Fact]
    public void The_callers_context_is_neither_used_nor_changed() => Run(() =>
    {
        var deaf = new DeafContext();
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(deaf);
        try
        {
            for (int i = 0; i < 10; i++)
            {
                var task = new TaskCompletionSource();
                CompleteOn((Completer)(i % 3), task.SetResult);
                GreenThread.Await(task.Task);
                Assert.Same(deaf, SynchronizationContext.Current);
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    });

    internal static void CompleteOn(Completer completer, Action complete)
    {
        switch (completer)
        {
            case Completer.GreenThread:
                GreenThread.Spawn(complete);
                break;
            case Completer.ThreadPool:
                ThreadPool.QueueUserWorkItem(_ => complete());
                break;
            default:
                OsThreads.Start(complete);
                break;
        }
    }

    private static async Task<int> FailAfterAsync(Task task)
    {
        await task.ConfigureAwait(false);
        throw new FormatException("thrown");
    }

    // A user interface whose thread is blocked.
    private sealed class DeafContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
        }

        public override void Send(SendOrPostCallback d, object? state)
        {
        }
    }
}
