using System.Collections.Concurrent;

namespace GreenThreads.Tests;

public sealed class GreenTaskSchedulerTests
{
    [Fact]
    public async Task Tasks_run_on_green_threads_of_the_group()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2, Name = "tasks" });
        Assert.Same(group.TaskScheduler, group.TaskScheduler);
        Assert.Same(SchedulerGroup.Default.TaskScheduler, GreenTaskScheduler.Default);
        foreach (var scheduler in new[] { group.TaskScheduler, new GreenTaskScheduler(group) })
        {
            foreach (TaskCreationOptions options in new[] { TaskCreationOptions.None, TaskCreationOptions.LongRunning, TaskCreationOptions.PreferFairness })
            {
                Assert.Same(group, await Start(() => GreenThread.Current?.Group, scheduler, options));
                Assert.Same(scheduler, await Start(() => TaskScheduler.Current, scheduler, options));
                Assert.Same(TaskScheduler.Default, await Start(() => TaskScheduler.Current, scheduler, options | TaskCreationOptions.HideScheduler));
            }
        }
    }

    [Fact]
    public async Task Continuations_run_on_green_threads_of_the_group()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "continued" });
        Assert.Same(group, await Task.Run(() => { }).ContinueWith(_ => GreenThread.Current?.Group, group.TaskScheduler));
        Assert.Same(group, await Task.Delay(1).ContinueWith(
            _ => GreenThread.Current?.Group, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, group.TaskScheduler));
        Assert.Null(await Start(() => { }, group.TaskScheduler).ContinueWith(_ => GreenThread.Current, TaskScheduler.Default));
    }

    [Fact]
    public async Task A_parent_waits_for_its_attached_children_on_the_same_scheduler()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "parents" });
        var children = new ConcurrentBag<SchedulerGroup?>();
        await Start(() =>
        {
            for (int i = 0; i < 10; i++)
            {
                Task.Factory.StartNew(() =>
                {
                    GreenThread.Sleep(TimeSpan.FromMilliseconds(1));
                    children.Add(GreenThread.Current?.Group);
                }, TaskCreationOptions.AttachedToParent);
            }
        }, group.TaskScheduler);
        Assert.Equal(10, children.Count);
        Assert.All(children, child => Assert.Same(group, child));
    }

    [Fact]
    public void A_wait_on_a_green_thread_of_the_group_runs_a_queued_task_at_once()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "inline" });
        Assert.True(group.Spawn(() =>
        {
            var task = new Task<GreenThread?>(() => GreenThread.Current);
            task.RunSynchronously(group.TaskScheduler);
            return task.Result == GreenThread.Current;
        }).Result);
    }

    [Fact]
    public async Task No_other_thread_runs_a_task_of_the_group()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "one" });
        using var other = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "other" });
        var task = new Task<SchedulerGroup?>(() => GreenThread.Current?.Group);
        await OsThreads.Start(() => task.RunSynchronously(group.TaskScheduler));
        Assert.Same(group, await task);
        var fromOther = new Task<SchedulerGroup?>(() => GreenThread.Current?.Group);
        await other.Spawn(() => fromOther.RunSynchronously(group.TaskScheduler));
        Assert.Same(group, await fromOther);
    }

    [Fact]
    public void Parallel_loops_run_on_it()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2, Name = "parallel" });
        var options = new ParallelOptions { TaskScheduler = group.TaskScheduler, MaxDegreeOfParallelism = 8 };
        int[] seen = new int[1000];
        Action<int> body = i =>
        {
            if (GreenThread.Current?.Group == group)
                Interlocked.Increment(ref seen[i]);
        };
        Parallel.ForEach(Enumerable.Range(0, seen.Length), options, body);
        Assert.All(seen, count => Assert.Equal(1, count));
        Green.Run(() => Parallel.For(0, seen.Length, options, body));
        Assert.All(seen, count => Assert.Equal(2, count));
    }

    [Fact]
    public async Task Exceptions_and_cancellation_are_the_tasks()
    {
        FormatException failure = await Assert.ThrowsAsync<FormatException>(() => Start(ThrowFromHere, GreenTaskScheduler.Default));
        Assert.Contains(nameof(ThrowFromHere), failure.StackTrace, StringComparison.Ordinal);
        using var cancellation = new CancellationTokenSource();
        Task canceled = Task.Factory.StartNew(() =>
        {
            cancellation.Cancel();
            cancellation.Token.ThrowIfCancellationRequested();
        }, cancellation.Token, TaskCreationOptions.None, GreenTaskScheduler.Default);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled);
        Assert.True(canceled.IsCanceled);
    }

    [Fact]
    public async Task A_closed_group_refuses_tasks_aloud()
    {
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "closed" });
        GreenTaskScheduler scheduler = group.TaskScheduler;
        var antecedent = new TaskCompletionSource();
        Task continuation = antecedent.Task.ContinueWith(_ => { }, scheduler);
        group.Dispose();
        Assert.Throws<TaskSchedulerException>(() => { _ = Start(() => { }, scheduler); });
        antecedent.SetResult();
        await Assert.ThrowsAsync<TaskSchedulerException>(() => continuation.WaitAsync(TimeLimit.Generous));
        Assert.Throws<ArgumentNullException>(() => new GreenTaskScheduler(null!));
    }

    // The one scheduler is busy until the group is cancelled, so the tasks are still queued then.
    [SwitchedFact]
    public async Task Tasks_and_posts_that_were_queued_when_the_group_was_cancelled_still_run()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, MaximumSpareSchedulers = 0, Name = "cancelled" });
        var posted = new TaskCompletionSource();
        Task? queued = null;
        Task runner = GreenThread.Run(() =>
        {
            queued = Start(() => { }, group.TaskScheduler);
            SynchronizationContext.Current!.Post(_ => posted.SetResult(), null);
            SpinWait.SpinUntil(() => group.IsCanceling);
        }, group: group);
        await Task.Run(() => group.Shutdown(TimeSpan.FromMilliseconds(1)));
        await runner;
        await queued!.WaitAsync(TimeLimit.Generous);
        await posted.Task.WaitAsync(TimeLimit.Generous);
    }

    [SwitchedFact]
    public void What_was_posted_when_there_is_no_stack_left_runs_on_the_thread_pool()
    {
        ChildResult child = ChildProcess.Run("no-stack");
        Assert.True(child.ExitCode == 0, child.ToString());
        Assert.Equal(nameof(GreenThreadLimitException), child["refused"]);
        Assert.Equal("pool", child["posted"]);
        Assert.Equal("pool", child["task"]);
        Assert.Equal(nameof(GreenThreadLimitException), child["run"]);
    }

    private static Task Start(Action body, TaskScheduler scheduler) =>
        Task.Factory.StartNew(body, CancellationToken.None, TaskCreationOptions.None, scheduler);

    private static Task<T> Start<T>(Func<T> body, TaskScheduler scheduler, TaskCreationOptions options) =>
        Task.Factory.StartNew(body, CancellationToken.None, options, scheduler);

    private static void ThrowFromHere() => throw new FormatException("thrown");
}
