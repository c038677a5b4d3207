using System.Diagnostics;
using System.Net;

namespace GreenThreads.Tests;

/// <summary>The end of a group: drained, cancelled, reported.</summary>
public sealed class ShutdownTests
{
    [Fact]
    public void A_drain_waits_for_all_but_daemons()
    {
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2 });
        int ended = 0;
        for (int i = 0; i < 20; i++)
        {
            group.Spawn(() =>
            {
                GreenThread.Sleep(TimeSpan.FromMilliseconds(20));
                GreenThread.Spawn(() =>
                {
                    GreenThread.Sleep(TimeSpan.FromMilliseconds(20));
                    Interlocked.Increment(ref ended);
                });
            });
        }
        GreenThread daemon = group.SpawnDaemon(GreenThread.Park);
        ShutdownReport report = group.Shutdown(Timeout.InfiniteTimeSpan);
        Assert.True(report.HasDrained);
        Assert.True(report.IsComplete);
        Assert.Equal(20, ended);
        Assert.Throws<GreenThreadCanceledException>(daemon.Join);
    }

    [Fact]
    public void What_is_parked_after_the_drain_is_cancelled_out_of_its_park()
    {
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2 });
        using GreenTcpListener listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        using var connection = new Connection();
        int cleanedUp = 0;
        Action[] waits =
        [
            GreenThread.Park,
            () => GreenThread.Park(TimeSpan.FromMinutes(5)),
            () => GreenThread.Sleep(TimeSpan.FromMinutes(5)),
            () => GreenThread.Spawn(GreenThread.Park).Join(),
            () => listener.Accept(),
            () => connection.Server.ReadByte(),
            () =>
            {
                while (true)
                    GreenThread.Yield();
            },
            () =>
            {
                while (true)
                    GreenThread.YieldIfDue();
            },
            () =>
            {
                // Swallows it and parks again: cancelled again, until it gives up.
                for (int i = 0; i < 3; i++)
                    Assert.Throws<GreenThreadCanceledException>(GreenThread.Park);
                GreenThread.Park();
            },
        ];
        GreenThread[] threads = [.. waits.Select(wait => group.Spawn(() =>
        {
            try
            {
                wait();
            }
            finally
            {
                Interlocked.Increment(ref cleanedUp);
            }
        }))];
        Assert.True(SpinWait.SpinUntil(() => threads.All(static thread => thread.State != GreenThreadState.Created), TimeLimit.Generous));
        ShutdownReport report = group.Shutdown(TimeSpan.FromMilliseconds(50));
        Assert.False(report.HasDrained);
        AssertEnds(group, report);
        Assert.Equal(threads.Length, cleanedUp);
        Assert.All(threads, static thread => Assert.Throws<GreenThreadCanceledException>(thread.Join));
    }

    [Fact]
    public void Nobody_gets_in_after_it()
    {
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        ShutdownReport report = group.Shutdown(TimeSpan.Zero);
        Assert.True(report.HasDrained);
        Assert.Throws<InvalidOperationException>(() => group.Spawn(() => { }));
        Assert.Throws<InvalidOperationException>(() => group.AtExit(() => { }));
        Assert.Same(report, group.Shutdown(TimeSpan.Zero));
        group.Dispose();
    }

    [Fact]
    public void While_it_drains_only_its_own_green_threads_spawn()
    {
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2 });
        bool stop = false;
        int children = 0;
        group.Spawn(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                GreenThread.Spawn(() => children++).Join();
                GreenThread.Sleep(TimeSpan.FromMilliseconds(1));
            }
        });
        Task<ShutdownReport> shutdown = Task.Run(() => group.Shutdown(Timeout.InfiniteTimeSpan));
        Assert.True(SpinWait.SpinUntil(() => Refused(group), TimeLimit.Generous));
        int before = Volatile.Read(ref children);
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref children) > before, TimeLimit.Generous));
        Volatile.Write(ref stop, true);
        Assert.True(shutdown.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult().HasDrained);

        static bool Refused(SchedulerGroup group)
        {
            try
            {
                group.Spawn(() => { });
                return false;
            }
            catch (InvalidOperationException)
            {
                return true;
            }
        }
    }

    [Fact]
    public void A_green_thread_cannot_shut_its_own_group_down_but_another_can()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        Assert.True(group.Spawn(() => Assert.Throws<InvalidOperationException>(() => group.Shutdown(TimeSpan.Zero))).Join(TimeLimit.Generous));
        Green.Run(() => Assert.True(group.Shutdown(TimeSpan.FromSeconds(1)).IsComplete));
    }

    [Fact]
    public void Exit_callbacks_run_as_green_threads_last_in_first_out()
    {
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2 });
        var order = new List<int>();
        for (int i = 0; i < 3; i++)
        {
            int number = i;
            group.AtExit(() =>
            {
                Assert.Same(group, GreenThread.Current!.Group);
                GreenThread.Sleep(TimeSpan.FromMilliseconds(5));
                GreenThread.Spawn(GreenThread.Yield).Join();
                order.Add(number);
            });
        }
        group.AtExit(() => throw new InvalidTimeZoneException("of a callback"));
        GreenThread parked = group.Spawn(() =>
        {
            GreenThread.Park();
            order.Add(99);
        });
        ShutdownReport report = group.Shutdown(TimeSpan.FromMilliseconds(10));
        Assert.True(report.IsComplete);
        Assert.Equal([2, 1, 0], order);
        Assert.IsType<InvalidTimeZoneException>(Assert.Single(report.ExitFailures));
        Assert.Equal(GreenThreadState.Ended, parked.State);
    }

    [Fact]
    public void An_exit_callback_that_does_not_end_in_time_is_reported_and_may_end_later()
    {
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        bool stop = false, hasEnded = false;
        group.AtExit(() => Assert.Fail("there was time left"));
        group.AtExit(() =>
        {
            while (!Volatile.Read(ref stop))
                GreenThread.Sleep(TimeSpan.FromMilliseconds(1));
            Volatile.Write(ref hasEnded, true);
        });
        ShutdownReport report = group.Shutdown(TimeSpan.Zero);
        Assert.False(report.IsComplete);
        Assert.Equal(2, report.ExitFailures.Count);
        Assert.Single(report.Unfinished);
        Volatile.Write(ref stop, true);
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref hasEnded), TimeLimit.Generous));
        Assert.True(SpinWait.SpinUntil(() => group.Schedulers.All(static scheduler => scheduler.WaitForEnd(TimeSpan.FromMilliseconds(1))), TimeLimit.Generous));
    }

    [Fact]
    public void A_shutdown_waits_for_the_children_of_exit_callbacks()
    {
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2 });
        bool hasEnded = false;
        group.AtExit(() => GreenThread.Spawn(() =>
        {
            GreenThread.Sleep(TimeSpan.FromMilliseconds(50));
            Volatile.Write(ref hasEnded, true);
        }));
        Assert.True(group.Shutdown(TimeSpan.Zero).IsComplete);
        Assert.True(hasEnded);
    }

    [Fact]
    public void A_shutdown_whose_caller_is_cancelled_goes_on()
    {
        var callers = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "callers" });
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        bool stop = false;
        group.Spawn(() =>
        {
            while (!Volatile.Read(ref stop))
                GreenThread.Sleep(TimeSpan.FromMilliseconds(1));
        });
        GreenThread caller = callers.Spawn(() => group.Shutdown(Timeout.InfiniteTimeSpan));
        Assert.True(SpinWait.SpinUntil(() => caller.State == GreenThreadState.Parked, TimeLimit.Generous));
        Assert.True(callers.Shutdown(TimeSpan.Zero).IsComplete);
        Assert.Throws<GreenThreadCanceledException>(caller.Join);
        Volatile.Write(ref stop, true);
        Task<ShutdownReport> second = Task.Run(() => group.Shutdown(TimeSpan.Zero));
        Assert.True(second.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult() is { HasDrained: true, IsComplete: true });
    }

    [Fact]
    public void What_would_not_end_is_reported_with_its_stack_and_ends_the_group_later()
    {
        var logger = new RecordingLogger();
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, LoggerFactory = logger });
        bool stop = false;
        GreenThread stubborn = group.Spawn(() => WouldNotEnd(ref stop), "stubborn");
        Assert.True(SpinWait.SpinUntil(() => stubborn.State == GreenThreadState.Running, TimeLimit.Generous));
        var watch = Stopwatch.StartNew();
        ShutdownReport report = group.Shutdown(TimeSpan.FromMilliseconds(20));
        Assert.False(report.IsComplete);
        UnfinishedGreenThread unfinished = Assert.Single(report.Unfinished);
        Assert.Same(stubborn, unfinished.Thread);
        if (GreenRuntime.Mode == GreenRuntimeMode.Switched)
            Assert.Contains(unfinished.Stack, static method => method.Contains(nameof(WouldNotEnd), StringComparison.Ordinal));
        logger.WaitFor("stubborn");
        Volatile.Write(ref stop, true);
        Assert.True(stubborn.Join(TimeLimit.Generous));
        Assert.True(SpinWait.SpinUntil(() => group.Schedulers.All(static scheduler => scheduler.WaitForEnd(TimeSpan.FromMilliseconds(1))), TimeLimit.Generous));
    }

    private static void WouldNotEnd(ref bool stop)
    {
        while (!Volatile.Read(ref stop))
        {
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void Under_load_it_leaves_no_descriptor_stack_or_OS_thread_behind(int schedulers)
    {
        Cycle(schedulers, 2); // What is made once in the process.
        int descriptors = CountDescriptors(), osThreads = CountOf("task");
        int stacks = GreenRuntime.Mode == GreenRuntimeMode.Switched ? Coroutine.Arena.InUse - CoroutineReserve.TotalCount : 0;
        Cycle(schedulers, 5);
        // A connection whose green thread was cancelled before it started has nobody to dispose of it but the collector (docs/limits.md).
        Assert.True(SpinWait.SpinUntil(HasAsFewDescriptorsAgain, TimeLimit.Generous), $"{CountDescriptors()} descriptors after {descriptors}");
        // The kernel takes a moment to bury a thread that has been joined; and the thread pool may have made another one.
        Assert.True(SpinWait.SpinUntil(() => CountOf("task") <= osThreads + 2, TimeLimit.Generous), $"{CountOf("task")} OS threads after {osThreads}");
        if (GreenRuntime.Mode == GreenRuntimeMode.Switched)
            Assert.InRange(Coroutine.Arena.InUse - CoroutineReserve.TotalCount, 0, stacks + 1);

        bool HasAsFewDescriptorsAgain()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return CountDescriptors() <= descriptors;
        }

        // But for event loops: a group of another test's, or the default one, may have got a spare scheduler meanwhile. Those of this test's groups are
        // looked at in Cycle.
        static int CountDescriptors() => Directory.GetFileSystemEntries("/proc/self/fd")
            .Count(static path => new FileInfo(path).LinkTarget is not ("anon_inode:[eventpoll]" or "anon_inode:[eventfd]"));

        static int CountOf(string what) => Directory.GetFileSystemEntries($"/proc/self/{what}").Length;
    }

    // On a machine that stands still for a second the report may come too early; all must end nevertheless.
    private static void AssertEnds(SchedulerGroup group, ShutdownReport report) => Assert.True(
        report.IsComplete || SpinWait.SpinUntil(() => group.Schedulers.All(static scheduler => scheduler.WaitForEnd(TimeSpan.FromMilliseconds(1))), TimeLimit.Generous),
        string.Join("; ", report.Unfinished.Select(static unfinished => unfinished.Thread)));

    private static void Cycle(int schedulers, int rounds)
    {
        for (int round = 0; round < rounds; round++)
        {
            var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = schedulers, Name = "cycle" });
            GreenTcpListener listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
            group.Spawn(() =>
            {
                while (true)
                {
                    GreenTcpStream stream = listener.Accept();
                    GreenThread.Spawn(() =>
                    {
                        using (stream)
                        {
                            while (stream.ReadByte() is var value and >= 0)
                                stream.WriteByte((byte)value);
                        }
                    });
                }
            });
            for (int i = 0; i < 20; i++)
            {
                group.Spawn(() =>
                {
                    using GreenTcpStream stream = GreenTcpStream.Connect(listener.LocalEndPoint);
                    while (true)
                    {
                        stream.WriteByte(1);
                        stream.ReadByte();
                    }
                });
                group.Spawn(() =>
                {
                    while (true)
                        GreenThread.Spawn(GreenThread.Yield).Join();
                });
                group.Spawn(() =>
                {
                    while (true)
                        GreenThread.Park(TimeSpan.FromMilliseconds(1));
                });
            }
            Thread.Sleep(30);
            ShutdownReport report = group.Shutdown(TimeSpan.FromMilliseconds(20));
            listener.Dispose();
            AssertEnds(group, report);
            Assert.All(group.Schedulers, static scheduler => Assert.True(scheduler.EventLoop.IsDisposed, scheduler.Name));
        }
    }

    [Fact]
    public void Spawns_that_race_with_a_shutdown_run_or_are_refused()
    {
        for (int round = 0; round < 100; round++)
        {
            var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2 });
            var accepted = new List<GreenThread>();
            Task spawner = OsThreads.Start(() =>
            {
                try
                {
                    while (true)
                        accepted.Add(group.Spawn(() => { }));
                }
                catch (InvalidOperationException)
                {
                }
            });
            Assert.True(group.Shutdown(TimeSpan.FromSeconds(10)).IsComplete);
            spawner.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();
            Assert.All(accepted, static thread => Assert.Equal(GreenThreadState.Ended, thread.State));
        }
    }
}
