namespace GreenThreads.Tests;

/// <summary>What a group says of itself.</summary>
public sealed class SnapshotTests
{
    [Fact]
    public void It_counts_what_lives()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2, Name = "counted" });
        GreenThread[] parked = [.. Enumerable.Range(0, 30).Select(_ => group.Spawn(GreenThread.Park))];
        GreenThread[] daemons = [.. Enumerable.Range(0, 5).Select(_ => group.SpawnDaemon(GreenThread.Park))];
        Assert.True(SpinWait.SpinUntil(() => parked.Concat(daemons).All(static thread => thread.State == GreenThreadState.Parked), TimeLimit.Generous));
        SchedulerGroupSnapshot snapshot = group.Snapshot();
        Assert.Equal("counted", snapshot.Name);
        Assert.Equal(30, snapshot.Live);
        Assert.Equal(5, snapshot.LiveDaemons);
        Assert.Equal(35, snapshot.Spawned);
        Assert.Equal(35, snapshot.Parked);
        Assert.Equal(0, snapshot.Injected);
        foreach (GreenThread thread in parked.Concat(daemons))
        {
            thread.Unpark();
            thread.Join();
        }
        snapshot = group.Snapshot();
        Assert.Equal(0, snapshot.Live);
        Assert.Equal(0, snapshot.LiveDaemons);
        Assert.Equal(0, snapshot.Parked);
    }

    [SwitchedFact]
    public void It_says_what_each_scheduler_does()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, MonitorThreshold = TimeSpan.FromDays(1) });
        bool stop = false;
        GreenThread running = group.Spawn(() =>
        {
            GreenThread parked = GreenThread.Spawn(() => GreenThread.Sleep(TimeSpan.FromMinutes(5)));
            // More than once if the time is over before the park begins.
            while (parked.State != GreenThreadState.Parked)
                GreenThread.Sleep(TimeSpan.FromMilliseconds(1));
            GreenThread.Spawn(() => { });
            GreenThread.Spawn(() => { });
            while (!Volatile.Read(ref stop))
            {
            }
        });
        Assert.True(SpinWait.SpinUntil(() => group.Snapshot().Schedulers[0] is { Running: { } thread, Queued: 2 } && thread == running, TimeLimit.Generous));
        SchedulerSnapshot scheduler = group.Snapshot().Schedulers[0];
        Assert.Equal(SchedulerState.Running, scheduler.State);
        Assert.Equal(1, scheduler.Parked);
        Assert.Equal(1, scheduler.Timers);
        Assert.True(scheduler.Wakes >= 1 && scheduler.Parks >= 2 && scheduler.Polls >= 1 && scheduler.Picks >= 3);
        Volatile.Write(ref stop, true);
        running.Join();
        Assert.True(SpinWait.SpinUntil(() => group.Snapshot().Schedulers[0].State == SchedulerState.Sleeping, TimeLimit.Generous));
        TimeSpan idle = group.Snapshot().Schedulers[0].IdleTime;
        Assert.True(SpinWait.SpinUntil(() => group.Snapshot().Schedulers[0].IdleTime > idle, TimeLimit.Generous));
    }

    [Fact]
    public void It_may_be_taken_while_everything_moves()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 4 });
        bool stop = false;
        GreenThread[] threads = [.. Enumerable.Range(0, 50).Select(_ => group.Spawn(() =>
        {
            while (!Volatile.Read(ref stop))
                GreenThread.Spawn(GreenThread.Yield).Join();
        }))];
        // Each of the 50 has one child at a time. What ends while it is counted may be counted too, so whatever was spawned meanwhile is allowed for.
        SchedulerGroupSnapshot before = group.Snapshot();
        SchedulerGroupSnapshot snapshot = group.Snapshot();
        for (int i = 0; i < 500; i++)
        {
            SchedulerGroupSnapshot after = group.Snapshot();
            Assert.InRange(snapshot.Live, 50, 100 + after.Spawned - before.Spawned);
            (before, snapshot) = (snapshot, after);
        }
        Volatile.Write(ref stop, true);
        foreach (GreenThread thread in threads)
            Assert.True(thread.Join(TimeLimit.Generous));
    }
}
