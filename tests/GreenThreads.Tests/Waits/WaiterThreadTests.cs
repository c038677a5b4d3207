using System.Globalization;
using static GreenThreads.Tests.WaitCounters;

namespace GreenThreads.Tests;

/// <summary>The OS threads that wait on behalf of green threads: as many as it takes, and none when there is nothing to wait for.</summary>
public sealed class WaiterThreadTests
{
    [SwitchedFact]
    public void More_waits_than_one_thread_has_room_for_start_further_ones_which_end_again()
    {
        const int waits = 200;
        using SchedulerGroup group = NewGroup("wt-many");
        WaitForSignalsInAnyOrder(group, waits);
        Assert.InRange(group.Snapshot().WaiterThreads, 0, (waits + HandleWaiter.Capacity - 1) / HandleWaiter.Capacity);
        Eventually(() => group.Snapshot().WaiterThreads == 0 && OsThreadsNamed("wt-many-waiter") == 0, "waiter threads stay without work");
        // And start again.
        WaitForSignalsInAnyOrder(group, 2);
    }

    [SwitchedFact]
    public void More_waits_than_all_threads_have_room_for_take_turns()
    {
        using SchedulerGroup group = NewGroup("wt-one", waiterThreads: 1);
        WaitForSignalsInAnyOrder(group, 200);
    }

    [SwitchedFact]
    public void Waits_for_several_share_a_thread_as_far_as_they_fit()
    {
        const int waits = 10, handles = 40;
        using SchedulerGroup group = NewGroup("wt-wide", waiterThreads: 3);
        Semaphore[][] sets = [.. Enumerable.Range(0, waits).Select(static _ => Enumerable.Range(0, handles).Select(static _ => new Semaphore(0, 1)).ToArray())];
        int[] answers = new int[waits];
        Party[] parties = [.. Enumerable.Range(0, waits).Select(i => Party.OnGreenThread(group, () => answers[i] = WaitHandle.WaitAny(sets[i])))];
        foreach (Party party in parties)
            party.AwaitWaiting();
        Assert.Equal(3, group.Snapshot().WaiterThreads);
        for (int i = 0; i < waits; i++)
            sets[i][(i * 7) % handles].Release();
        for (int i = 0; i < waits; i++)
        {
            parties[i].Join();
            Assert.Equal((i * 7) % handles, answers[i]);
        }
    }

    [SwitchedFact]
    public void A_group_that_has_ended_leaves_no_thread()
    {
        using var end = new ManualResetEvent(false);
        for (int i = 0; i < 5; i++)
        {
            using (SchedulerGroup group = NewGroup("wt-end"))
            {
                Party[] parties = [.. Enumerable.Range(0, 130).Select(_ => Party.OnGreenThread(group, () => end.WaitOne()))];
                foreach (Party party in parties)
                    party.AwaitWaiting();
                Assert.True(OsThreadsNamed("wt-end-waiter") > 0);
            }
            Eventually(static () => OsThreadsNamed("wt-end") == 0, "an OS thread of the group is left");
        }
    }

    [SwitchedFact]
    public void Timed_waits_end_by_themselves_in_the_order_of_their_deadlines()
    {
        const int waits = 100;
        using SchedulerGroup group = NewGroup("wt-timed");
        using var never = new ManualResetEvent(false);
        // The later ones first, so that every further one is the next to end.
        Party[] parties = [.. Enumerable.Range(0, waits).Select(i => Party.OnGreenThread(group, () => Assert.False(never.WaitOne(waits - i))))];
        foreach (Party party in parties)
            party.Join();
    }

    [SwitchedFact]
    public void Ten_thousand_in_a_semaphore_and_ten_thousand_in_a_task_take_few_OS_threads_and_leave_nothing()
    {
        ChildResult child = ChildProcess.Run("wait-many", "10000");
        Assert.True(child.ExitCode == 0, child.ToString());
        Assert.Equal("10000", child["semaphore_ended"]);
        Assert.Equal("10000", child["delay_ended"]);
        Assert.True(child.Number("most_os_threads") < 200, child.ToString());
        Assert.True(child.Number("descriptors_after") <= child.Number("descriptors_before"), child.ToString());
        Assert.Equal("0", child["group_threads_after"]);
        Assert.Equal("0", child["waits_after"]);
    }

    // Each wakes exactly when its own signal comes.
    private static void WaitForSignalsInAnyOrder(SchedulerGroup group, int count)
    {
        AutoResetEvent[] events = [.. Enumerable.Range(0, count).Select(static _ => new AutoResetEvent(false))];
        Party[] parties = [.. events.Select(e => Party.OnGreenThread(group, () => e.WaitOne()))];
        foreach (Party party in parties)
            party.AwaitWaiting();
        Assert.True(group.Snapshot().WaiterThreads >= Math.Min(group.MaximumWaiterThreads, count / HandleWaiter.Capacity), "too few waiter threads");
        int[] order = [.. Enumerable.Range(0, count)];
        new Random(4711).Shuffle(order);
        for (int i = 0; i < count; i++)
        {
            Assert.False(parties[order[i]].HasEnded, string.Create(CultureInfo.InvariantCulture, $"wait {order[i]} ended without its signal"));
            events[order[i]].Set();
            parties[order[i]].Join();
        }
    }
}
