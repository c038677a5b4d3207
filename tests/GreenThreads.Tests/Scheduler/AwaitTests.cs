using System.Diagnostics;

namespace GreenThreads.Tests;

public sealed class OsThreadAwaitTests : AwaitContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}

public sealed class GreenThreadAwaitTests : AwaitContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [SwitchedFact]
    public void The_completing_green_thread_wakes_the_waiter_itself() => Green.RunAlone(() =>
    {
        foreach (TaskCreationOptions options in new[] { TaskCreationOptions.None, TaskCreationOptions.RunContinuationsAsynchronously })
        {
            var task = new TaskCompletionSource(options);
            GreenThread waiter = GreenThread.Spawn(() => GreenThread.Await(task.Task));
            WaitUntil(() => waiter.State == GreenThreadState.Parked);
            task.SetResult();
            Assert.Equal(GreenThreadState.Runnable, waiter.State);
            waiter.Join();
        }
    }, new SchedulerGroupOptions { MaximumSpareSchedulers = 0 });

    // A contended lock of the framework's parks too, and that is affine; so not none, but by far fewer than there are waits.
    [SwitchedFact]
    public void Parks_that_wait_for_tasks_are_not_affine()
    {
        const int waits = 1000;
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, MaximumSpareSchedulers = 0, Name = "awaiting" });
        GreenThread waiter = group.Spawn(() =>
        {
            for (int i = 0; i < waits; i++)
            {
                var task = new TaskCompletionSource();
                GreenThread.Spawn(task.SetResult);
                GreenThread.Await(task.Task);
            }
        });
        Assert.True(waiter.Join(TimeLimit.Generous));
        SchedulerSnapshot scheduler = group.Snapshot().Schedulers.Single();
        Assert.True(scheduler.Parks >= waits, $"{scheduler.Parks} parks");
        Assert.True(scheduler.AffineParks.Values.Sum() < waits / 10, $"affine parks: {string.Join(", ", scheduler.AffineParks)}");
    }

    [Fact]
    public void A_shutdown_ends_the_wait()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "ending" });
        using var cancellation = new CancellationTokenSource();
        var never = new TaskCompletionSource();
        var source = new CompletableSource<int>();
        GreenThread[] waiters =
        [
            group.Spawn(() => GreenThread.Await(never.Task)),
            group.Spawn(() => GreenThread.Await(never.Task, cancellation.Token)),
            group.Spawn(() => GreenThread.Await(never.Task, TimeLimit.Generous)),
            group.Spawn(() => { GreenThread.Await(source.Task); }),
        ];
        WaitUntil(() => waiters.All(waiter => waiter.State == GreenThreadState.Parked));
        Assert.True(group.Shutdown(TimeSpan.Zero).IsComplete);
        Assert.All(waiters, waiter => Assert.Throws<GreenThreadCanceledException>(waiter.Join));
        never.SetResult();
        source.SetResult(1);
        WaitUntil(() => source.Taken == 1);
    }

    // A million waits in switched mode. Among them are completed tasks, tasks that other green threads complete, some that the thread pool does, and timeouts that
    // race with the end.
    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public void Every_end_of_a_task_ends_its_wait(int seed)
    {
        const int threads = 50;
        int waits = GreenRuntime.Mode == GreenRuntimeMode.Switched ? 500_000 / threads : 200;
        var awaited = new int[threads];
        GreenThread[] waiters = [.. Enumerable.Range(0, threads).Select(i => GreenThread.Spawn(() =>
        {
            var random = new Random(seed + i);
            var pending = new PendingTask();
            GreenThread completer = GreenThread.Spawn(pending.CompleteUntilEnd);
            for (int n = 0; n < waits; n++)
            {
                var task = new TaskCompletionSource<int>(random.Next(2) == 0 ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
                int kind = random.Next(1000);
                if (kind < 100)
                    task.SetResult(n);
                else if (kind < 105)
                    ThreadPool.QueueUserWorkItem(_ => task.SetResult(n));
                else
                    pending.Set(task, n, completer);
                Assert.Equal(n, kind >= 990 ? AwaitInTurns(task.Task, random) : GreenThread.Await(task.Task));
                awaited[i]++;
            }
            pending.End(completer);
            completer.Join();
        }))];
        long limit = Stopwatch.GetTimestamp();
        foreach (GreenThread waiter in waiters)
            Assert.True(waiter.Join(TimeLimit.Generous), $"hang with seed {seed} after {Stopwatch.GetElapsedTime(limit)}: {waiter}; {string.Join(" ", awaited)}");
    }

    private static T AwaitInTurns<T>(Task<T> task, Random random)
    {
        while (true)
        {
            try
            {
                return GreenThread.Await(task, TimeSpan.FromMicroseconds(random.Next(100)));
            }
            catch (TimeoutException)
            {
            }
        }
    }

    private sealed class PendingTask
    {
        private TaskCompletionSource<int>? _task;
        private int _result;
        private volatile bool _hasEnded;

        internal void Set(TaskCompletionSource<int> task, int result, GreenThread completer)
        {
            _result = result;
            Volatile.Write(ref _task, task);
            completer.Unpark();
        }

        internal void End(GreenThread completer)
        {
            _hasEnded = true;
            completer.Unpark();
        }

        internal void CompleteUntilEnd()
        {
            while (!_hasEnded)
            {
                if (Interlocked.Exchange(ref _task, null) is { } task)
                    task.SetResult(_result);
                GreenThread.Park();
            }
        }
    }
}
