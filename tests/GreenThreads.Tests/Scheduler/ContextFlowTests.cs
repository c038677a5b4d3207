using System.Collections.Concurrent;

namespace GreenThreads.Tests;

/// <summary>What flows into a green thread, what stays with it, and what does not stay behind in the coroutine that it ran on.</summary>
public sealed class ContextFlowTests
{
    [Fact]
    public void The_context_of_a_spawning_OS_thread_flows_in_and_changes_do_not_flow_out() => Ambient.RunOnOsThread("spawner", () =>
    {
        Ambient seen = GreenThread.Spawn(() =>
        {
            Ambient seen = Ambient.Read();
            Ambient.Set("changed");
            Assert.Equal(Ambient.Of("changed"), Ambient.Read());
            return seen;
        }).Result;
        Assert.Equal(Ambient.Of("spawner"), seen);
        Assert.Equal(Ambient.Of("spawner"), Ambient.Read());
    });

    [Fact]
    public void The_context_of_a_spawning_green_thread_flows_in_as_it_was_at_the_spawn() => Green.Run(() =>
    {
        Ambient.Set("first");
        GreenThread<Ambient> first = GreenThread.Spawn(Ambient.Read);
        Ambient.Set("second");
        GreenThread<Ambient> second = GreenThread.Spawn(Ambient.Read);
        Assert.Equal(Ambient.Of("first"), first.Result);
        Assert.Equal(Ambient.Of("second"), second.Result);
    });

    [Fact]
    public void The_context_flows_into_another_group() => Green.Run(() =>
    {
        Ambient.Set("of the default group");
        using var other = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "other" });
        Assert.Equal(Ambient.Of("of the default group"), other.Spawn(Ambient.Read).Result);
    });

    [Fact]
    public void The_context_flows_into_what_is_run_on_the_calling_thread()
    {
        Ambient? seen = null;
        Ambient.RunOnOsThread("main", () =>
        {
            SchedulerGroup.Run(() =>
            {
                seen = GreenThread.Spawn(Ambient.Read).Result;
                Ambient.Set("inside");
            });
            Assert.Equal(Ambient.Of("main"), Ambient.Read());
        });
        Assert.Equal(Ambient.Of("main"), seen);
    }

    [Fact]
    public void The_next_tenant_of_a_coroutine_sees_nothing_of_the_last() => Green.Run(() =>
    {
        SynchronizationContext own = SynchronizationContext.Current!;
        for (int i = 0; i < 50; i++)
        {
            int ending = i % 2;
            GreenThread last = GreenThread.Spawn(() =>
            {
                Ambient.Set("left behind");
                SynchronizationContext.SetSynchronizationContext(new SynchronizationContext());
                GreenThread.Yield();
                if (ending == 1)
                    throw new FormatException();
            });
            if (ending == 1)
                Assert.Throws<FormatException>(last.Join);
            else
                last.Join();
            GreenThread.Spawn(() =>
            {
                Assert.Equal(Ambient.Nothing, Ambient.Read());
                Assert.Same(own, SynchronizationContext.Current);
            }).Join();
        }
    });

    [Fact]
    public void The_next_tenant_of_one_that_suppressed_the_flow_for_ever_flows_again() => Green.RunAlone(() =>
    {
        for (int i = 0; i < 20; i++)
        {
            GreenThread.Spawn(() =>
            {
                ExecutionContext.SuppressFlow();
                GreenThread.Yield();
                Assert.True(ExecutionContext.IsFlowSuppressed());
            }).Join();
            GreenThread.Spawn(() =>
            {
                Assert.False(ExecutionContext.IsFlowSuppressed());
                Ambient.Set("flows");
                Assert.Equal(Ambient.Of("flows"), GreenThread.Spawn(Ambient.Read).Result);
            }).Join();
        }
    });

    [Fact]
    public void Suppressed_flow_of_an_OS_thread_gives_an_empty_context() => Ambient.RunOnOsThread("not to be seen", () =>
    {
        GreenThread<Ambient> thread;
        using (ExecutionContext.SuppressFlow())
            thread = GreenThread.Spawn(Ambient.Read);
        Assert.Equal(Ambient.Nothing, thread.Result);
        Assert.Equal(Ambient.Of("not to be seen"), GreenThread.Spawn(Ambient.Read).Result);
    });

    [Fact]
    public void Suppressed_flow_of_a_green_thread_gives_an_empty_context_that_flows_on() => Green.Run(() =>
    {
        Ambient.Set("not to be seen");
        GreenThread<Ambient> thread;
        using (ExecutionContext.SuppressFlow())
        {
            thread = GreenThread.Spawn(() =>
            {
                Assert.Equal(Ambient.Nothing, Ambient.Read());
                Assert.False(ExecutionContext.IsFlowSuppressed());
                Ambient.Set("own");
                return GreenThread.Spawn(Ambient.Read).Result;
            });
        }
        Assert.Equal(Ambient.Of("own"), thread.Result);
    });

    [Fact]
    public void A_context_stays_with_its_thread_over_parks() => Green.Run(() =>
    {
        GreenThread[] threads = [.. Enumerable.Range(0, 20).Select(i => GreenThread.Spawn(() =>
        {
            Ambient.Set("mine " + i);
            for (int k = 0; k < 20; k++)
            {
                GreenThread.Yield();
                Assert.Equal(Ambient.Of("mine " + i), Ambient.Read());
            }
        }))];
        foreach (GreenThread thread in threads)
            thread.Join();
    });

    // Whoever is woken goes on where its waker runs, or where somebody steals it.
    [Fact]
    public void A_context_stays_with_its_thread_when_it_goes_on_on_other_schedulers()
    {
        const int Threads = 16;
        const int Rounds = 100;
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 4, Name = "migrating" });
        using var all = new ManualResetEventSlim();
        var threads = new GreenThread[Threads];
        for (int i = 0; i < Threads; i++)
        {
            int own = i;
            threads[i] = group.Spawn(() =>
            {
                Ambient.Set("mine " + own);
                for (int round = 0; round < Rounds; round++)
                {
                    GreenThread.Park(TimeSpan.FromMilliseconds(1));
                    Assert.Equal(Ambient.Of("mine " + own), Ambient.Read());
                    if (all.IsSet)
                        threads[(own + round) % Threads].Unpark();
                    Assert.Equal(Ambient.Of("mine " + own), Ambient.Read());
                }
            });
        }
        all.Set();
        foreach (GreenThread thread in threads)
            Assert.True(thread.Join(TimeLimit.Generous));
    }

    [Fact]
    public void Change_notifications_come_at_the_start_and_at_the_end_and_not_at_parks()
    {
        var changes = new ConcurrentQueue<(int Thread, string? From, string? To, bool IsContextChange)>();
        var local = new AsyncLocal<string?>(change =>
            changes.Enqueue((Environment.CurrentManagedThreadId, change.PreviousValue, change.CurrentValue, change.ThreadContextChanged)));
        int id = 0;
        OsThreads.Start(() =>
        {
            local.Value = "spawner";
            id = GreenThread.Spawn(() =>
            {
                GreenThread.Yield();
                GreenThread.Sleep(TimeSpan.FromTicks(1));
                local.Value = "own";
                GreenThread.Yield();
                return Environment.CurrentManagedThreadId;
            }).Result;
        }).WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();
        Assert.Equal([(id, null, "spawner", true), (id, "spawner", "own", false), (id, "own", null, true)], changes.Where(change => change.Thread == id));
    }

    [Fact]
    public void What_is_posted_runs_in_the_context_of_the_post() => Green.Run(() =>
    {
        Assert.Equal(Ambient.Of("of the post"), SeenByPost(SynchronizationContext.Current!, "of the post", suppress: false));
        Assert.Equal(Ambient.Nothing, SeenByPost(SynchronizationContext.Current!, "of the post", suppress: true));
    });

    [Fact]
    public void What_is_posted_by_an_OS_thread_runs_in_its_context()
    {
        SynchronizationContext context = GreenThread.Spawn(() => SynchronizationContext.Current!).Result;
        Ambient.RunOnOsThread("other", () => Assert.Equal(Ambient.Of("of the post"), SeenByPost(context, "of the post", suppress: false)));
    }

    [Fact]
    public void What_is_posted_to_a_closed_group_runs_in_the_context_of_the_post_too()
    {
        SynchronizationContext context;
        using (var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "closed" }))
            context = group.Spawn(() => SynchronizationContext.Current!).Result;
        Ambient.RunOnOsThread("other", () => Assert.Equal(Ambient.Of("of the post"), SeenByPost(context, "of the post", suppress: false)));
    }

    [Fact]
    public void What_is_sent_runs_in_the_context_of_the_sender()
    {
        SynchronizationContext context = GreenThread.Spawn(() => SynchronizationContext.Current!).Result;
        Ambient.RunOnOsThread("sender", () =>
        {
            Ambient? seen = null;
            context.Send(_ => seen = Ambient.Read(), null);
            Assert.Equal(Ambient.Of("sender"), seen);
        });
    }

    [Fact]
    public void An_async_method_keeps_its_context_over_awaits_on_green_threads()
    {
        GreenThread.Spawn(() => Method("one")).Result.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();

        static async Task Method(string name)
        {
            Ambient.Set(name);
            for (int i = 0; i < 10; i++)
            {
                await Task.Yield();
                Assert.NotNull(GreenThread.Current);
                Assert.Equal(Ambient.Of(name), Ambient.Read());
            }
        }
    }

    [Fact]
    public void Code_that_is_cancelled_ends_in_its_own_context()
    {
        Ambient? seen = null;
        using (var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "cancelled" }))
        {
            using var parks = new ManualResetEventSlim();
            group.Spawn(() =>
            {
                Ambient.Set("cancelled");
                try
                {
                    parks.Set();
                    GreenThread.Park();
                }
                finally
                {
                    seen = Ambient.Read();
                }
            });
            Assert.True(parks.Wait(TimeLimit.Generous));
            group.Shutdown(TimeSpan.Zero);
        }
        Assert.Equal(Ambient.Of("cancelled"), seen);
    }

    [Fact]
    public void Exit_callbacks_run_in_the_context_where_they_were_registered()
    {
        var seen = new List<Ambient>();
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "exit" });
        Ambient.RunOnOsThread("registered", () => group.AtExit(() => seen.Add(Ambient.Read())));
        Ambient.RunOnOsThread("not to be seen", () =>
        {
            using (ExecutionContext.SuppressFlow())
                group.AtExit(() => seen.Add(Ambient.Read()));
        });
        group.Spawn(() =>
        {
            Ambient.Set("of the last tenant");
            GreenThread.Park();
        });
        Ambient.RunOnOsThread("shuts down", () => group.Shutdown(TimeSpan.Zero));
        Assert.Equal([Ambient.Nothing, Ambient.Of("registered")], seen);
    }

    [Fact]
    public void A_group_keeps_nothing_of_the_context_that_it_was_started_in()
    {
        var local = new AsyncLocal<object?>();
        SchedulerGroup? group = null;
        WeakReference? value = null;
        OsThreads.Start(() => (group, value) = Start(local)).WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();
        Assert.True(SpinWait.SpinUntil(() =>
        {
            GC.Collect();
            return !value!.IsAlive;
        }, TimeLimit.Generous), "something of the group keeps the context");
        group!.Dispose();

        static (SchedulerGroup Group, WeakReference Value) Start(AsyncLocal<object?> local)
        {
            local.Value = new object();
            var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2, Name = "context" });
            group.Spawn(() => { }).Join();
            return (group, new WeakReference(local.Value));
        }
    }

    private static Ambient SeenByPost(SynchronizationContext context, string name, bool suppress)
    {
        Ambient.Set(name);
        var done = new TaskCompletionSource<Ambient>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Callback(object? state) => done.SetResult(Ambient.Read());
        if (suppress)
        {
            using (ExecutionContext.SuppressFlow())
                context.Post(Callback, null);
        }
        else
        {
            context.Post(Callback, null);
        }
        // Blocking the OS thread would block the scheduler on which the post waits.
        while (GreenThread.Current is not null && !done.Task.IsCompleted)
            GreenThread.Yield();
        return done.Task.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();
    }
}
