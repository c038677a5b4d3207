namespace GreenThreads.Tests;

/// <summary>OS threads that have a reference to what green threads wait for: no report while they may use it.</summary>
public sealed class DeadlockHolderTests
{
    // Some times the patience of a world: its looks come after 20, 60, 140 milliseconds.
    private static readonly TimeSpan s_longEnough = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void An_OS_thread_holds_a_report_back_until_it_ends()
    {
        using var world = new DeadlockWorld();
        using var end = new ManualResetEventSlim();
        var semaphore = new GreenSemaphore[1];
        Thread maker = Start(() =>
        {
            semaphore[0] = new GreenSemaphore(0);
            end.Wait();
        });
        GreenThread waiter = world.Spawn(() =>
        {
            BugRun.Until(() => Volatile.Read(ref semaphore[0]) is not null);
            semaphore[0].Wait();
        });
        Thread.Sleep(s_longEnough);
        Assert.True(world.Reports == 0, world.AllReports);
        end.Set();
        maker.Join();
        Assert.Same(waiter, Assert.Single(world.WaitForReport().Waits).GreenThread);
    }

    [Fact]
    public void An_OS_thread_that_waits_itself_is_a_party()
    {
        using var world = new DeadlockWorld();
        GreenThread? waiter = null;
        Thread owner = Start(() =>
        {
            var mutex = new GreenMutex { Name = "of an OS thread" };
            mutex.Lock();
            waiter = world.Group.Spawn(() => mutex.Lock());
            Record.Exception(waiter.Join);
        });
        DeadlockReport report = world.WaitForReport();
        IReadOnlyList<DeadlockWait> cycle = Assert.Single(report.Cycles);
        Assert.Equal(2, cycle.Count);
        Assert.Same(waiter, Assert.Single(cycle, static wait => wait.GreenThread is not null).GreenThread);
        Assert.Same(owner, Assert.Single(cycle, static wait => wait.OsThread is not null).OsThread);
        Assert.Contains($"owned by OS thread {owner.ManagedThreadId}", report.ToString(), StringComparison.Ordinal);
        world.Group.Shutdown(TimeSpan.Zero);
        Assert.True(owner.Join(TimeLimit.Generous));
    }

    [Fact]
    public void An_OS_thread_that_spawns_holds_a_report_back_until_it_ends_or_waits()
    {
        using var world = new DeadlockWorld();
        using var goOn = new ManualResetEventSlim();
        GreenThread? waiter = null;
        Thread spawner = Start(() =>
        {
            waiter = world.Group.Spawn(static () => new GreenSemaphore(0).Wait());
            goOn.Wait();
            Record.Exception(waiter.Join);
        });
        Thread.Sleep(s_longEnough);
        Assert.True(world.Reports == 0, world.AllReports);
        goOn.Set();
        IReadOnlyList<DeadlockWait> waits = world.WaitForReport().Waits;
        Assert.Equal(2, waits.Count);
        Assert.Same(spawner, Assert.Single(waits, static wait => wait.OsThread is not null).OsThread);
        world.Group.Shutdown(TimeSpan.Zero);
        Assert.True(spawner.Join(TimeLimit.Generous));
    }

    [Fact]
    public void An_OS_thread_that_waits_for_a_limited_time_holds_a_report_back()
    {
        using var world = new DeadlockWorld();
        bool isOver = false;
        Thread owner = Start(() =>
        {
            var semaphore = new GreenSemaphore(0);
            GreenThread waiter = world.Spawn(semaphore.Wait);
            waiter.Join(TimeSpan.FromMilliseconds(300));
            isOver = true;
            semaphore.Release();
        });
        Assert.True(owner.Join(TimeLimit.Generous));
        Assert.True(isOver);
        Assert.True(world.Group.Shutdown(TimeLimit.Generous).HasDrained);
        Assert.True(world.Reports == 0, world.AllReports);
    }

    [Fact]
    public void A_thread_of_the_pool_may_always_come_back()
    {
        using var world = new DeadlockWorld();
        GreenSemaphore semaphore = Task.Run(static () => new GreenSemaphore(0)).WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();
        world.Spawn(semaphore.Wait);
        Thread.Sleep(s_longEnough);
        Assert.True(world.Reports == 0, world.AllReports);
    }

    [Theory]
    [InlineData(4, true)]
    [InlineData(5, false)]
    public void Four_OS_threads_are_remembered(int count, bool isReported)
    {
        using var world = new DeadlockWorld();
        using var end = new ManualResetEventSlim();
        using var used = new CountdownEvent(count);
        GreenSemaphore? semaphore = null;
        GreenThread waiter = world.Spawn(() =>
        {
            Volatile.Write(ref semaphore, new GreenSemaphore(0));
            BugRun.Until(() => used.IsSet);
            semaphore.Wait();
        });
        Thread[] holders = [.. Enumerable.Range(0, count).Select(_ => Start(() =>
        {
            SpinWait.SpinUntil(() => Volatile.Read(ref semaphore) is not null);
            semaphore!.TryWait();
            used.Signal();
            end.Wait();
        }))];
        Assert.True(used.Wait(TimeLimit.Generous));
        Thread.Sleep(s_longEnough);
        Assert.True(world.Reports == 0, world.AllReports);
        end.Set();
        foreach (Thread holder in holders)
            holder.Join();
        if (isReported)
            Assert.Same(waiter, Assert.Single(world.WaitForReport().Waits).GreenThread);
        else
            Thread.Sleep(s_longEnough);
        Assert.Equal(isReported ? 1 : 0, world.Reports);
    }

    [SwitchedFact]
    public void The_OS_thread_of_a_platform_scheduler_does_not_count_as_one()
    {
        DeadlockReport? report = null;
        Thread thread = Start(() =>
        {
            var mutex = new GreenMutex { Name = "made before the group" };
            SchedulerGroup.Run(
                () =>
                {
                    using var mine = mutex.Lock();
                    GreenThread other = GreenThread.Spawn(() => mutex.Lock());
                    GreenThread.Current!.Group.DeadlockDetected += (_, found) =>
                    {
                        report = found;
                        other.Cancel();
                    };
                    Assert.Throws<GreenThreadCanceledException>(other.Join);
                },
                new SchedulerGroupOptions { Schedulers = 2, DeadlockPatience = TimeSpan.FromMilliseconds(20), IgnoresOutsideActivity = true });
        });
        Assert.True(thread.Join(TimeLimit.Generous));
        Assert.Equal(2, Assert.Single(report!.Cycles).Count);
    }

    private static Thread Start(Action body)
    {
        var thread = new Thread(() => body()) { IsBackground = true };
        thread.Start();
        return thread;
    }
}
