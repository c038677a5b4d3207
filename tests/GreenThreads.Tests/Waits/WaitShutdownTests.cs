using System.Collections.Concurrent;
using static GreenThreads.Tests.WaitCounters;

namespace GreenThreads.Tests;

/// <summary>The end of a group whose green threads wait in the framework. In bound mode nobody ends such a wait.</summary>
public sealed class WaitShutdownTests
{
    [SwitchedFact]
    public void A_thousand_in_every_kind_of_wait_leave_it_when_their_group_ends()
    {
        const int ofEach = 50;
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2, Name = "ws-all" });
        var holders = new List<(Party Party, Signal Order)>();
        var threads = new List<GreenThread>();
        foreach (string name in PrimitiveTable.Names)
        {
            WaitPrimitive primitive = PrimitiveTable.Make(name, new WaitSetup(ofEach, static body => Party.OnOsThread(body)));
            if (!primitive.EndsWithGroup)
                continue;
            var holds = new Signal();
            var order = new Signal();
            holders.Add((Party.OnOsThread(() =>
            {
                primitive.Hold();
                holds.Set();
                order.Wait(Deadline.Never);
                primitive.LetGo();
            }), order));
            Assert.True(holds.Wait(Deadline.After(TimeLimit.Generous)));
            for (int i = 0; i < ofEach; i++)
                threads.Add(group.Spawn(primitive.Wait));
        }
        Assert.True(threads.Count >= 1000);
        Eventually(() => threads.All(static thread => thread.State == GreenThreadState.Parked), "somebody does not wait");
        group.Shutdown(TimeSpan.Zero);
        // Also if there was not the time for all of them within the shutdown's second.
        foreach (GreenThread thread in threads)
            Assert.Throws<GreenThreadCanceledException>(() => thread.Join(TimeLimit.Generous));
        Eventually(static () => OsThreadsNamed("ws-all") == 0, "an OS thread of the group is left");
        foreach ((Party party, Signal order) in holders)
        {
            order.Set();
            party.Join();
        }
    }

    // Code that took the end of its group for the end of the collection would go on as if it had everything.
    [SwitchedFact]
    public void A_cancelled_consumer_does_not_believe_that_all_was_consumed()
    {
        SchedulerGroup group = NewGroup();
        using var items = new BlockingCollection<int>();
        bool wentOn = false;
        Party consumer = Party.OnGreenThread(group, () =>
        {
            foreach (int item in items.GetConsumingEnumerable())
                Assert.Fail($"nobody has added {item}");
            wentOn = true;
        });
        consumer.AwaitWaiting();
        group.Dispose();
        Assert.Throws<GreenThreadCanceledException>(consumer.Join);
        Assert.False(wentOn);
    }

    // Whoever leaves Monitor.Wait owns the lock again, by an exception too, or its clean-up fails.
    [SwitchedFact]
    public void Who_is_cancelled_out_of_Monitor_Wait_owns_the_lock()
    {
        SchedulerGroup group = NewGroup();
        var gate = new object();
        int owned = 0;
        Party[] waiters = [.. Enumerable.Range(0, 10).Select(_ => Party.OnGreenThread(group, () =>
        {
            lock (gate)
            {
                try
                {
                    Monitor.Wait(gate);
                }
                finally
                {
                    if (Monitor.IsEntered(gate))
                        owned++;
                }
            }
        }))];
        foreach (Party waiter in waiters)
            waiter.AwaitWaiting();
        group.Dispose();
        foreach (Party waiter in waiters)
            Assert.Throws<GreenThreadCanceledException>(waiter.Join);
        Assert.Equal(waiters.Length, owned);
    }

    // The other one that has the lock is cancelled as well, and leaves it.
    [SwitchedFact]
    public void The_clean_up_of_a_cancelled_green_thread_waits_for_the_locks_of_others()
    {
        SchedulerGroup group = NewGroup();
        int cleaned = 0;
        var parties = new List<Party>();
        for (int i = 0; i < 20; i++)
        {
            var gate = new object();
            parties.Add(Party.OnGreenThread(group, () =>
            {
                try
                {
                    GreenThread.Park();
                }
                finally
                {
                    lock (gate)
                        cleaned++;
                }
            }));
            parties.Add(Party.OnGreenThread(group, () =>
            {
                lock (gate)
                    GreenThread.Park();
            }));
        }
        foreach (Party party in parties)
            party.AwaitWaiting();
        group.Dispose();
        foreach (Party party in parties)
            Assert.Throws<GreenThreadCanceledException>(party.Join);
        Assert.Equal(parties.Count / 2, cleaned);
    }

    [SwitchedFact]
    public void Exit_callbacks_wait_as_ever()
    {
        SchedulerGroup group = NewGroup();
        using var @event = new AutoResetEvent(false);
        bool hasWaited = false;
        group.AtExit(() =>
        {
            GreenThread setter = GreenThread.Spawn(() =>
            {
                GreenThread.Sleep(GreenSynchronizationContext.Patience * 1.5);
                @event.Set();
            });
            @event.WaitOne();
            setter.Join();
            Volatile.Write(ref hasWaited, true);
        });
        group.Dispose();
        // Later on a machine that stands still.
        Eventually(() => Volatile.Read(ref hasWaited), "the callback does not end");
    }
}
