namespace GreenThreads.Tests;

/// <summary>Green threads as tasks, for asynchronous callers.</summary>
public sealed class RunTests
{
    [Fact]
    public async Task The_body_runs_on_a_green_thread_and_its_result_is_the_tasks()
    {
        GreenThread? runner = null;
        await GreenThread.Run(() => { runner = GreenThread.Current; });
        Assert.NotNull(runner);
        Assert.Contains(nameof(RunTests), runner.SpawnSite, StringComparison.Ordinal);
        Assert.Equal(4, await GreenThread.Run(() => 4));
        Assert.True(await GreenThread.Run(async () =>
        {
            await Task.Delay(1);
            return GreenThread.Current is not null;
        }));
        bool began = false;
        await GreenThread.Run(async () =>
        {
            await Task.Yield();
            began = true;
        });
        Assert.True(began);
    }

    [Fact]
    public async Task Plain_blocking_code_parks_in_it()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "alone" });
        var meeting = new TaskCompletionSource();
        Task waiting = GreenThread.Run(() => GreenThread.Await(meeting.Task), group: group);
        Task meeter = GreenThread.Run(meeting.SetResult, group: group);
        await Task.WhenAll(waiting, meeter).WaitAsync(TimeLimit.Generous);
    }

    [Fact]
    public async Task It_runs_in_the_group_that_was_asked_for_or_the_callers()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "asked for" });
        Assert.Same(group, await GreenThread.Run(() => GreenThread.Current!.Group, group: group));
        Assert.Same(group, await GreenThread.Run(async () => await GreenThread.Run(() => GreenThread.Current!.Group), group: group));
        Assert.Same(SchedulerGroup.Default, await GreenThread.Run(() => GreenThread.Current!.Group));
    }

    [Fact]
    public async Task An_exception_is_the_tasks_with_its_stack()
    {
        Task[] failing =
        [
            GreenThread.Run(ThrowFromHere),
            GreenThread.Run((Func<int>)(() => throw Thrown(ThrowFromHere))),
            GreenThread.Run(FailAsync),
            GreenThread.Run(FailWithResultAsync),
            GreenThread.Run((Func<Task>)(() => throw Thrown(ThrowFromHere))),
        ];
        foreach (Task task in failing)
        {
            InvalidOperationException failure = await Assert.ThrowsAsync<InvalidOperationException>(() => task);
            Assert.True(task.IsFaulted);
            Assert.Single(task.Exception!.InnerExceptions);
            Assert.Contains(nameof(ThrowFromHere), failure.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_asynchronous_body_hands_all_its_exceptions_on()
    {
        Task several = GreenThread.Run(() => Task.WhenAll(Task.FromException(new FormatException()), Task.FromException(new TimeoutException())));
        await Assert.ThrowsAsync<FormatException>(() => several);
        Assert.Equal(2, several.Exception!.InnerExceptions.Count);
        await Assert.ThrowsAsync<InvalidOperationException>(() => GreenThread.Run(() => (Task)null!));
        await Assert.ThrowsAsync<InvalidOperationException>(() => GreenThread.Run(() => (Task<int>)null!));
    }

    [Fact]
    public async Task A_token_that_is_cancelled_before_the_start_cancels_the_task()
    {
        var canceled = new CancellationToken(canceled: true);
        int begun = 0;
        Task[] refused =
        [
            GreenThread.Run(() => { begun++; }, canceled),
            GreenThread.Run(() => begun++, canceled),
            GreenThread.Run(async () => { begun++; await Task.Yield(); }, canceled),
            GreenThread.Run(async () => { await Task.Yield(); return begun++; }, canceled),
        ];
        foreach (Task task in refused)
        {
            Assert.Equal(TaskStatus.Canceled, task.Status);
            Assert.Equal(canceled, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task)).CancellationToken);
        }
        Assert.Equal(0, begun);
    }

    // The one scheduler is kept until the token is cancelled, so none of them can begin before.
    [SwitchedFact]
    public async Task A_token_that_is_cancelled_while_the_green_thread_is_queued_cancels_the_task()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, MaximumSpareSchedulers = 0, Name = "busy" });
        using var cancellation = new CancellationTokenSource();
        int begun = 0;
        Task[] queued = await GreenThread.Run(() =>
        {
            Task[] tasks =
            [
                GreenThread.Run(() => { begun++; }, cancellation.Token),
                GreenThread.Run(() => begun++, cancellation.Token),
                GreenThread.Run(async () => { begun++; await Task.Yield(); }, cancellation.Token),
                GreenThread.Run(async () => { await Task.Yield(); return begun++; }, cancellation.Token),
            ];
            cancellation.Cancel();
            return tasks;
        }, group: group);
        foreach (Task task in queued)
        {
            Assert.Equal(cancellation.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task)).CancellationToken);
            Assert.Equal(TaskStatus.Canceled, task.Status);
        }
        Assert.Equal(0, begun);
    }

    [Fact]
    public async Task A_body_that_gives_up_because_of_its_token_cancels_the_task()
    {
        using var cancellation = new CancellationTokenSource();
        var begun = new TaskCompletionSource();
        Task task = GreenThread.Run(() =>
        {
            begun.SetResult();
            GreenThread.Await(Task.Delay(Timeout.Infinite, CancellationToken.None), cancellation.Token);
        }, cancellation.Token);
        await begun.Task;
        await cancellation.CancelAsync();
        OperationCanceledException canceled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        Assert.Equal(cancellation.Token, canceled.CancellationToken);
        Assert.True(task.IsCanceled);
        Assert.Contains(nameof(A_body_that_gives_up_because_of_its_token_cancels_the_task), canceled.StackTrace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shutdown_cancels_the_task()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "ending" });
        var never = new TaskCompletionSource<int>();
        int begun = 0;
        Task[] tasks =
        [
            GreenThread.Run(() => { Begin(); GreenThread.Await(never.Task); }, group: group),
            GreenThread.Run(() => { Begin(); return GreenThread.Await(never.Task); }, group: group),
            GreenThread.Run(() => { Begin(); return (Task)never.Task; }, group: group),
            GreenThread.Run(() => { Begin(); return never.Task; }, group: group),
        ];
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref begun) == tasks.Length, TimeLimit.Generous));
        Assert.True(group.Shutdown(TimeSpan.Zero).IsComplete);
        foreach (Task task in tasks)
        {
            OperationCanceledException canceled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
            Assert.IsType<GreenThreadCanceledException>(canceled.InnerException);
            Assert.True(task.IsCanceled);
        }
        Assert.Throws<InvalidOperationException>(() => { _ = GreenThread.Run(() => { }, group: group); });

        void Begin() => Interlocked.Increment(ref begun);
    }

    [Fact]
    public async Task Completion_is_cancelled_by_a_cancellation_and_keeps_the_exception()
    {
        var thrown = new OperationCanceledException("enough", new CancellationToken(canceled: true));
        GreenThread thread = GreenThread.Spawn(() => throw thrown);
        Assert.Same(thrown, await Assert.ThrowsAnyAsync<OperationCanceledException>(() => thread.Completion));
        Assert.True(thread.Completion.IsCanceled);
        GreenThread<int> withResult = GreenThread.Spawn<int>(() => throw thrown);
        Assert.Same(thrown, await Assert.ThrowsAnyAsync<OperationCanceledException>(() => withResult.Completion));
        Assert.True(withResult.Completion.IsCanceled);
        Assert.Throws<OperationCanceledException>(thread.Join);
    }

    [Fact]
    public async Task An_exception_of_the_task_is_not_reported_a_second_time()
    {
        int reports = 0;
        SchedulerGroup.UnobservedException += Count;
        try
        {
            await RunAndForgetFailuresAsync();
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            Assert.Equal(0, Volatile.Read(ref reports));
        }
        finally
        {
            SchedulerGroup.UnobservedException -= Count;
        }

        void Count(object? sender, UnobservedGreenThreadExceptionEventArgs args)
        {
            if (args.Exception is FormatException { Message: "of a task" })
                Interlocked.Increment(ref reports);
        }
    }

    [Fact]
    public async Task The_policy_to_crash_is_not_for_what_a_task_keeps()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "crashing", UnhandledExceptions = UnhandledExceptionPolicy.Crash });
        await Assert.ThrowsAsync<InvalidOperationException>(() => GreenThread.Run(ThrowFromHere, group: group));
        await Assert.ThrowsAsync<InvalidOperationException>(() => GreenThread.Run(FailAsync, group: group));
    }

    [Fact]
    public void Run_without_a_body_is_refused()
    {
        Assert.Throws<ArgumentNullException>(() => { _ = GreenThread.Run((Action)null!); });
        Assert.Throws<ArgumentNullException>(() => { _ = GreenThread.Run((Func<int>)null!); });
        Assert.Throws<ArgumentNullException>(() => { _ = GreenThread.Run((Func<Task>)null!); });
        Assert.Throws<ArgumentNullException>(() => { _ = GreenThread.Run((Func<Task<int>>)null!); });
    }

    [Fact]
    public async Task Ten_thousand_at_once_all_end()
    {
        int count = GreenRuntime.Mode == GreenRuntimeMode.Switched ? 10_000 : 200;
        var gate = new TaskCompletionSource();
        Task<int>[] tasks = [.. Enumerable.Range(0, count).Select(i => i % 2 == 0
            ? GreenThread.Run(() => { GreenThread.Await(gate.Task); return i; })
            : GreenThread.Run(async () => { await gate.Task; return i; }))];
        gate.SetResult();
        int[] results = await Task.WhenAll(tasks).WaitAsync(TimeLimit.Generous);
        Assert.Equal(Enumerable.Range(0, count), results);
    }

    private static async Task RunAndForgetFailuresAsync()
    {
        Task[] tasks = [GreenThread.Run(ThrowOfTask), GreenThread.Run(() => FailAsync(new FormatException("of a task")))];
        while (!tasks.All(task => task.IsCompleted))
            await Task.Yield();
        Assert.All(tasks, task => Assert.NotNull(task.Exception)); // The framework has nothing to report either.

        static void ThrowOfTask() => throw new FormatException("of a task");
    }

    private static void ThrowFromHere() => throw new InvalidOperationException("thrown");

    // A lambda that only throws is taken for asynchronous code.
    private static Exception Thrown(Action body)
    {
        body();
        return new InvalidOperationException("never");
    }

    private static async Task FailAsync()
    {
        await Task.Yield();
        ThrowFromHere();
    }

    private static async Task<int> FailWithResultAsync()
    {
        await FailAsync();
        return 0;
    }

    private static async Task FailAsync(Exception exception)
    {
        await Task.Yield();
        throw exception;
    }
}
