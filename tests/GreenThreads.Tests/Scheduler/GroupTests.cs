using System.Diagnostics;

namespace GreenThreads.Tests;

/// <summary>Groups: their options, how they live side by side, and the calling thread as one of the schedulers.</summary>
public sealed class GroupTests
{
    [Fact]
    public void Bad_options_are_refused()
    {
        var options = new SchedulerGroupOptions();
        Assert.Throws<ArgumentOutOfRangeException>(() => new SchedulerGroup(options with { Schedulers = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SchedulerGroup(options with { Schedulers = SchedulerGroupOptions.MaximumSchedulers + 1 }));
        Assert.Throws<ArgumentException>(() => new SchedulerGroup(options with { Name = "" }));
        Assert.Throws<ArgumentNullException>(() => new SchedulerGroup(options with { LoggerFactory = null! }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SchedulerGroup(options with { StackReserve = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SchedulerGroup(options with { MinimumIdleCoroutines = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SchedulerGroup(options with { MinimumIdleCoroutines = 2, MaximumIdleCoroutines = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SchedulerGroup(options with { MonitorThreshold = TimeSpan.Zero }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SchedulerGroup(options with { MaximumSpareSchedulers = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => SchedulerGroup.ConfigureDefault(options with { Schedulers = -1 }));
    }

    [SwitchedFact]
    public void A_group_has_as_many_schedulers_as_there_are_processors()
    {
        using var group = new SchedulerGroup();
        int expected = int.TryParse(Environment.GetEnvironmentVariable("GREENTHREADS_SCHEDULERS"), out int asked) ? asked : Environment.ProcessorCount;
        Assert.Equal(expected, group.Snapshot().Schedulers.Count);
    }

    [Fact]
    public void A_green_thread_spawns_into_its_own_group()
    {
        using var one = new SchedulerGroup(new SchedulerGroupOptions { Name = "one", Schedulers = 2 });
        using var other = new SchedulerGroup(new SchedulerGroupOptions { Name = "other", Schedulers = 1 });
        Assert.Equal("one", one.Spawn(() => GreenThread.Spawn(() => GreenThread.Current!.Group.Name).Result).Result);
        Assert.Equal("other", other.Spawn(() => GreenThread.Spawn(() => GreenThread.Current!.Group.Name).Result).Result);
        Assert.Equal("other", one.Spawn(() => other.Spawn(() => GreenThread.Current!.Group.Name).Result).Result);
    }

    [Fact]
    public void Groups_unpark_and_join_each_other()
    {
        using var one = new SchedulerGroup(new SchedulerGroupOptions { Name = "one", Schedulers = 1 });
        using var other = new SchedulerGroup(new SchedulerGroupOptions { Name = "other", Schedulers = 1 });
        GreenThread parker = one.Spawn(() =>
        {
            for (int i = 0; i < 1000; i++)
                GreenThread.Park();
        });
        int permits = 0;
        GreenThread unparker = other.Spawn(() =>
        {
            while (parker.State != GreenThreadState.Ended)
            {
                parker.Unpark();
                permits++;
                GreenThread.Yield();
            }
            parker.Join();
        });
        Assert.True(unparker.Join(TimeLimit.Generous));
        Assert.True(permits >= 1000);
    }

    [SwitchedFact]
    public void A_larger_stack_reserve_allows_deeper_recursion()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, StackReserve = 4 << 20 });
        Assert.True(group.Spawn(() => Recurse(0)).Result > 3 << 20, "the recursion did not get as deep as the reserve allows");

        // Goes down until the runtime says that less than its margin is left, and returns how many bytes that was.
        static unsafe long Recurse(long top)
        {
            byte local;
            if (top == 0)
                top = (long)&local;
            if (!System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
                return top - (long)&local;
            Assert.Same(GreenThread.Current, GreenThread.Current!);
            return Recurse(top);
        }
    }

    [SwitchedFact]
    public void Idle_coroutines_are_there_from_the_start_and_shrink_after_a_spike()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, MinimumIdleCoroutines = 10, MaximumIdleCoroutines = 20 });
        group.Spawn(() => { }).Join();
        int inUse = Coroutine.Arena.InUse;
        int kept = inUse - CoroutineReserve.TotalCount;
        GreenThread[] threads = [.. Enumerable.Range(0, 10).Select(_ => group.Spawn(GreenThread.Park))];
        Assert.True(SpinWait.SpinUntil(() => threads.All(thread => thread.State == GreenThreadState.Parked), TimeLimit.Generous));
        Assert.Equal(inUse, Coroutine.Arena.InUse);

        GreenThread[] spike = [.. Enumerable.Range(0, 500).Select(_ => group.Spawn(GreenThread.Park))];
        Assert.True(SpinWait.SpinUntil(() => spike.All(thread => thread.State == GreenThreadState.Parked), TimeLimit.Generous));
        foreach (GreenThread thread in threads.Concat(spike))
        {
            thread.Unpark();
            thread.Join();
        }
        Assert.True(SpinWait.SpinUntil(() => Coroutine.Arena.InUse - CoroutineReserve.TotalCount <= kept + 10, TimeLimit.Generous), "the spike's stacks stayed in the pool");
    }

    [Fact]
    public void Run_makes_the_calling_thread_a_scheduler_and_waits_for_all_but_daemons()
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                int osThread = Interop.gettid();
                bool hasChildEnded = false;
                bool isDefault = false;
                SchedulerGroup.Run(
                    () =>
                    {
                        isDefault = GreenThread.Current!.Group == SchedulerGroup.Current;
                        GreenThread.SpawnDaemon(() =>
                        {
                            while (true)
                                GreenThread.Sleep(TimeSpan.FromMilliseconds(1));
                        });
                        GreenThread.Spawn(() =>
                        {
                            GreenThread.Sleep(TimeSpan.FromMilliseconds(30));
                            hasChildEnded = true;
                        });
                        for (int i = 0; i < 20; i++)
                        {
                            GreenThread.Sleep(TimeSpan.FromMilliseconds(1));
                            GreenThread.Spawn(() => { }).Join();
                            Assert.Equal(osThread, Interop.gettid());
                        }
                    },
                    new SchedulerGroupOptions { Schedulers = 2, Name = "platform" });
                Assert.True(hasChildEnded, "Run did not wait for a child");
                Assert.True(isDefault);
                Assert.Null(GreenThread.Current);
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        })
        { IsBackground = true };
        thread.Start();
        Assert.True(thread.Join(TimeLimit.Generous), "Run did not return");
        Assert.Null(failure);
    }

    [Fact]
    public void Run_throws_what_main_threw_and_cancels_the_others()
    {
        var thread = Task.Factory.StartNew(
            () => SchedulerGroup.Run(
                () =>
                {
                    GreenThread.Spawn(GreenThread.Park);
                    throw new InvalidTimeZoneException("main");
                },
                new SchedulerGroupOptions { Schedulers = 1 }),
            TaskCreationOptions.LongRunning);
        Assert.Throws<InvalidTimeZoneException>(() => thread.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult());
    }

    [Fact]
    public void Run_is_refused_on_a_green_thread() =>
        Green.Run(() => Assert.Throws<InvalidOperationException>(() => SchedulerGroup.Run(() => { })));

    [SwitchedFact]
    public void The_same_seed_gives_the_same_schedule()
    {
        string first = Schedule(7);
        Assert.Equal(first, Schedule(7));
        Assert.Contains(Enumerable.Range(8, 5), seed => Schedule(seed) != first);

        static string Schedule(int seed)
        {
            var order = new List<int>();
            Green.RunAlone(
                () =>
                {
                    GreenThread[] threads = [.. Enumerable.Range(0, 5).Select(i => GreenThread.Spawn(() =>
                    {
                        for (int round = 0; round < 20; round++)
                        {
                            order.Add(i);
                            GreenThread.Yield();
                        }
                    }))];
                    foreach (GreenThread thread in threads)
                        thread.Join();
                },
                new SchedulerGroupOptions { Seed = seed });
            return string.Join(',', order);
        }
    }

    [Fact]
    public void A_green_thread_knows_where_it_was_spawned()
    {
        GreenThread thread = GreenThread.Spawn(() => { }, "named");
        thread.Join();
        Assert.Matches(@"^GroupTests\.cs:\d+$", thread.SpawnSite);
        Assert.NotEqual(thread.SpawnSite, GreenThread.Spawn(() => { }).SpawnSite);
    }
}
