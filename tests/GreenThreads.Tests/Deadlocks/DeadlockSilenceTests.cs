using System.Net;

namespace GreenThreads.Tests;

/// <summary>Groups in which everybody waits, and which are no deadlocks as far as anybody can tell.</summary>
public sealed class DeadlockSilenceTests
{
    private static readonly TimeSpan s_longEnough = TimeSpan.FromMilliseconds(100);

    [Theory]
    [InlineData("sleep")]
    [InlineData("park")]
    [InlineData("timed park")]
    [InlineData("timed wait")]
    [InlineData("token")]
    [InlineData("await")]
    [InlineData("framework")]
    [InlineData("lock")]
    [InlineData("socket")]
    [InlineData("timer")]
    [InlineData("child")]
    [InlineData("files")]
    public void One_who_may_go_on_keeps_the_whole_group_silent(string how)
    {
        using var world = new DeadlockWorld();
        using var source = new CancellationTokenSource();
        using var listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var end = new TaskCompletionSource();
        using var gate = new SemaphoreSlim(0);
        var monitor = new object();
        using var isHeld = new ManualResetEventSlim();
        using var giveBack = new ManualResetEventSlim();
        var owner = new Thread(() =>
        {
            lock (monitor)
            {
                isHeld.Set();
                giveBack.Wait();
            }
        });
        owner.Start();
        isHeld.Wait();
        GreenThread? other = null;
        world.Spawn(() =>
        {
            other = GreenThread.Spawn(() => Wait(how));
            new GreenSemaphore(0).Wait();
        });
        Assert.True(SpinWait.SpinUntil(() => other?.State == GreenThreadState.Parked || GreenRuntime.Mode == GreenRuntimeMode.Bound, TimeLimit.Generous));
        Thread.Sleep(s_longEnough);
        Assert.True(world.Reports == 0, world.AllReports);
        end.SetResult();
        gate.Release();
        giveBack.Set();
        owner.Join();

        void Wait(string how)
        {
            switch (how)
            {
                case "sleep":
                    GreenThread.Sleep(TimeLimit.Generous);
                    break;
                case "park":
                    GreenThread.Park();
                    break;
                case "timed park":
                    GreenThread.Park(TimeLimit.Generous);
                    break;
                case "timed wait":
                    new GreenSemaphore(0).TryWait(TimeLimit.Generous);
                    break;
                case "token":
                    new GreenSemaphore(0).Wait(source.Token);
                    break;
                case "await":
                    GreenThread.Await(end.Task);
                    break;
                case "framework":
                    gate.Wait();
                    break;
                case "timer":
                    using (GreenTimer timer = GreenTimer.Once(TimeLimit.Generous))
                        timer.Wait();
                    break;
                case "child":
                    using (GreenChildProcess child = GreenChildProcess.Start("sleep", "1000"))
                    {
                        try
                        {
                            child.Wait();
                        }
                        finally
                        {
                            child.Kill();
                        }
                    }
                    break;
                case "files":
                    using (var watcher = new GreenFileWatcher())
                        watcher.Wait();
                    break;
                case "lock":
                    lock (monitor)
                        break;
                case "socket":
                    listener.Accept().Dispose();
                    break;
            }
        }
    }

    [Fact]
    public void A_group_without_green_threads_is_idle()
    {
        using var world = new DeadlockWorld();
        world.Spawn(static () => { }).Join();
        Thread.Sleep(s_longEnough);
        Assert.True(world.Reports == 0, world.AllReports);
    }

    [Fact]
    public void Daemons_alone_are_idle_and_count_when_somebody_else_is_stuck()
    {
        using var world = new DeadlockWorld();
        GreenThread daemon = world.SpawnDaemon(static () => new GreenChannel<int>().Receive());
        Thread.Sleep(s_longEnough);
        Assert.True(world.Reports == 0, world.AllReports);
        GreenThread stuck = world.Spawn(static () => new GreenChannel<int>().Receive());
        Assert.Equal(new HashSet<GreenThread?> { daemon, stuck }, [.. world.WaitForReport().Waits.Select(static wait => wait.GreenThread)]);
    }

    [Fact]
    public void A_group_says_it_once_and_a_handler_that_fails_is_logged()
    {
        using var world = new DeadlockWorld();
        world.Group.DeadlockDetected += static (_, _) => throw new InvalidTimeZoneException("of a handler");
        GreenThread stuck = world.Spawn(static () => new GreenSemaphore(0).Wait());
        world.WaitForReport();
        world.Logger.WaitFor("A handler of DeadlockDetected", "kernel");
        Assert.Single(world.Logger.Messages, static message => message.Contains("Deadlock in the group", StringComparison.Ordinal));

        // It works as before, and says nothing when it is stuck again.
        stuck.Cancel();
        Assert.Throws<GreenThreadCanceledException>(stuck.Join);
        world.Spawn(static () => new GreenSemaphore(0).Wait());
        Thread.Sleep(s_longEnough);
        Assert.Equal(1, world.Reports);
    }

    [Fact]
    public void A_group_that_does_not_look_finds_nothing()
    {
        var logger = new RecordingLogger();
        int reports = 0;
        using var group = new SchedulerGroup(new SchedulerGroupOptions
        {
            DetectsDeadlocks = false, DeadlockPatience = TimeSpan.FromMilliseconds(20), IgnoresOutsideActivity = true, LoggerFactory = logger,
        });
        group.DeadlockDetected += (_, _) => reports++;
        group.Spawn(static () => new GreenSemaphore(0).Wait());
        Thread.Sleep(s_longEnough);
        Assert.Equal(0, reports);
    }

    [Fact]
    public void A_drain_that_cannot_end_is_reported()
    {
        using var world = new DeadlockWorld();
        GreenThread? stuck = null;
        using var isSpawned = new ManualResetEventSlim();
        // The report lets the shutdown end.
        world.Group.DeadlockDetected += (_, _) =>
        {
            isSpawned.Wait();
            stuck!.Cancel();
        };
        stuck = world.Spawn(static () => new GreenSemaphore(0).Wait());
        isSpawned.Set();
        Assert.True(world.Group.Shutdown(Timeout.InfiniteTimeSpan).HasDrained);
        Assert.Equal(1, world.Reports);
    }

    [Fact]
    public void Bad_patience_is_refused()
    {
        var options = new SchedulerGroupOptions();
        Assert.Throws<ArgumentOutOfRangeException>(() => new SchedulerGroup(options with { DeadlockPatience = TimeSpan.Zero }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SchedulerGroup(options with { DeadlockPatience = TimeSpan.FromDays(2) }));
    }
}
