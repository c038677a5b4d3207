using Microsoft.Win32.SafeHandles;
using static GreenThreads.Tests.WaitCounters;

namespace GreenThreads.Tests;

/// <summary>Wait handles: closed, invalid, several at once; each as on an OS thread.</summary>
public sealed class HandleWaitTests
{
    [Fact]
    public void A_handle_that_is_closed_while_it_is_waited_for_leaves_the_wait_to_the_others()
    {
        using SchedulerGroup group = NewGroup();
        var closed = new AutoResetEvent(false);
        using var end = new ManualResetEvent(false);
        Party waiter = Party.OnGreenThread(group, () => Assert.Equal(1, WaitHandle.WaitAny([closed, end])));
        waiter.AwaitWaiting();
        // Whoever waits keeps the handle open, as on an OS thread.
        closed.Dispose();
        Assert.True(group.Spawn(static () => { }).Join(TimeLimit.Generous));
        Assert.False(waiter.HasEnded);
        end.Set();
        waiter.Join();
        Party.OnGreenThread(group, () => Assert.Throws<ObjectDisposedException>(() => closed.WaitOne())).Join();
    }

    [Fact]
    public void Handles_that_are_not_valid_fail_as_on_an_OS_thread()
    {
        var disposed = new ManualResetEvent(true);
        disposed.Dispose();
        var invalid = new ManualResetEvent(true) { SafeWaitHandle = new SafeWaitHandle(-1, ownsHandle: false) };
        var foreign = new ManualResetEvent(true) { SafeWaitHandle = new SafeWaitHandle(0x7654_3210, ownsHandle: false) };
        using var good = new ManualResetEvent(false);
        WaitHandle[] many = [.. Enumerable.Range(0, 65).Select(static _ => new ManualResetEvent(true))];
        Action[] waits =
        [
            () => disposed.WaitOne(),
            () => disposed.WaitOne(10),
            () => WaitHandle.WaitAny([good, disposed]),
            () => WaitHandle.WaitAll([good, disposed], 10),
            () => invalid.WaitOne(10),
            () => foreign.WaitOne(10),
            () => WaitHandle.WaitAny([good, foreign], 10),
            () => WaitHandle.WaitAny([]),
            () => WaitHandle.WaitAny(null!),
            () => WaitHandle.WaitAny([good, null!]),
            () => WaitHandle.WaitAny(many),
            () => WaitHandle.WaitAll(many),
            () => WaitHandle.WaitAll([good, good], 10),
            () => good.WaitOne(-2),
        ];
        using SchedulerGroup group = NewGroup();
        for (int i = 0; i < waits.Length; i++)
        {
            Action wait = waits[i];
            Type? onOsThread = null, onGreenThread = null;
            Party.OnOsThread(() => onOsThread = Record.Exception(wait)?.GetType()).Join();
            Party.OnGreenThread(group, () => onGreenThread = Record.Exception(wait)?.GetType()).Join();
            Assert.True(onOsThread == onGreenThread, $"{i}: {onOsThread} on an OS thread, {onGreenThread} on a green thread");
        }
    }

    [Fact]
    public void A_wait_for_all_takes_all_or_none()
    {
        using SchedulerGroup group = NewGroup();
        using var one = new AutoResetEvent(true);
        using var other = new AutoResetEvent(false);
        using var third = new Semaphore(5, 5);
        Party.OnGreenThread(group, () =>
        {
            Assert.False(WaitHandle.WaitAll([one, other, third], 30));
            Assert.True(one.WaitOne(0), "it took one of them");
            Assert.Equal(5, CountOf(third));
            one.Set();
            GreenThread setter = GreenThread.Spawn(() => other.Set());
            WaitHandle.WaitAll([one, other, third]);
            setter.Join();
            Assert.False(one.WaitOne(0) || other.WaitOne(0), "it has not taken them");
            Assert.Equal(4, CountOf(third));
        }).Join();

        static int CountOf(Semaphore semaphore)
        {
            int count = 0;
            while (semaphore.WaitOne(0))
                count++;
            semaphore.Release(count);
            return count;
        }
    }

    [Fact]
    public void Waits_for_all_that_compete_take_whole_sets()
    {
        const int sets = 20, waiters = 4;
        using SchedulerGroup group = NewGroup();
        using var one = new Semaphore(0, int.MaxValue);
        using var other = new Semaphore(0, int.MaxValue);
        int taken = 0;
        Party[] parties = [.. Enumerable.Range(0, waiters).Select(_ => Party.OnGreenThread(group, () =>
        {
            for (int i = 0; i < sets / waiters; i++)
            {
                WaitHandle.WaitAll([one, other]);
                Interlocked.Increment(ref taken);
            }
        }))];
        for (int i = 0; i < sets; i++)
        {
            (i % 2 == 0 ? one : other).Release();
            Thread.Yield();
            (i % 2 == 0 ? other : one).Release();
        }
        foreach (Party party in parties)
            party.Join();
        Assert.Equal(sets, taken);
        Assert.False(one.WaitOne(0) || other.WaitOne(0));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(63)]
    [InlineData(64)]
    public void A_wait_for_any_of_many_tells_which(int count)
    {
        using SchedulerGroup group = NewGroup();
        AutoResetEvent[] events = [.. Enumerable.Range(0, count).Select(static _ => new AutoResetEvent(false))];
        foreach (int index in new[] { 0, count / 2, count - 1 })
        {
            int answer = -1;
            Party waiter = Party.OnGreenThread(group, () => answer = WaitHandle.WaitAny(events));
            waiter.AwaitWaiting();
            events[index].Set();
            waiter.Join();
            Assert.Equal(index, answer);
        }
        Assert.Equal(WaitHandle.WaitTimeout, WaitHandle.WaitAny(events, 0));
    }

    [Fact]
    public void A_handle_may_be_there_more_than_once()
    {
        using SchedulerGroup group = NewGroup();
        using var never = new ManualResetEvent(false);
        using var @event = new AutoResetEvent(false);
        int taken = 0;
        Party[] waiters = [.. Enumerable.Range(0, 3).Select(_ => Party.OnGreenThread(group, () =>
        {
            Assert.InRange(WaitHandle.WaitAny([never, @event, @event, @event]), 1, 3);
            Interlocked.Increment(ref taken);
        }))];
        for (int i = 1; i <= waiters.Length; i++)
        {
            foreach (Party waiter in waiters)
                waiter.AwaitWaiting();
            @event.Set();
            Eventually(() => Volatile.Read(ref taken) >= i, "nobody has taken the signal");
            Assert.Equal(i, taken);
        }
        foreach (Party waiter in waiters)
            waiter.Join();
        Assert.False(@event.WaitOne(0));
    }

    [Fact]
    public void Names_that_the_system_does_not_know_are_refused_as_on_an_OS_thread()
    {
        using SchedulerGroup group = NewGroup();
        Party.OnGreenThread(group, () =>
        {
            Assert.Throws<PlatformNotSupportedException>(() => new Semaphore(0, 1, "greenthreads-tests"));
            Assert.Throws<PlatformNotSupportedException>(() => new EventWaitHandle(false, EventResetMode.AutoReset, "greenthreads-tests"));
        }).Join();
    }

    [SwitchedFact]
    public void Each_way_of_a_wait_is_counted()
    {
        using SchedulerGroup group = NewGroup();
        using var @event = new AutoResetEvent(true);
        using var other = new AutoResetEvent(true);
        Run(() => @event.WaitOne(), new ManagedWaits { AtOnce = 1, AfterYield = 0, HandedOver = 0, LookedAt = 0 });
        Run(
            () =>
            {
                GreenThread.Spawn(() => @event.Set());
                @event.WaitOne();
            },
            new ManagedWaits { AtOnce = 0, AfterYield = 1, HandedOver = 0, LookedAt = 0 });
        Run(() => @event.WaitOne(1), new ManagedWaits { AtOnce = 0, AfterYield = 0, HandedOver = 1, LookedAt = 0 });
        Run(() => WaitHandle.WaitAll([@event, other], 1), new ManagedWaits { AtOnce = 0, AfterYield = 0, HandedOver = 0, LookedAt = 1 });

        void Run(Action wait, ManagedWaits expected)
        {
            Party.OnGreenThread(group, () =>
            {
                ManagedWaits before = WaitsOf(group);
                wait();
                ManagedWaits after = WaitsOf(group);
                Assert.Equal(expected, new ManagedWaits
                {
                    AtOnce = after.AtOnce - before.AtOnce,
                    AfterYield = after.AfterYield - before.AfterYield,
                    HandedOver = after.HandedOver - before.HandedOver,
                    LookedAt = after.LookedAt - before.LookedAt,
                });
            }).Join();
        }
    }

    // The owner of the lock is runnable, and so next: it takes a yield, not a wait of another OS thread.
    [SwitchedFact]
    public void A_lock_between_green_threads_of_one_scheduler_is_handed_over_by_yields()
    {
        const int rounds = 200, threads = 4;
        using SchedulerGroup group = NewGroup();
        var gate = new object();
        int count = 0;
        // From one that does not yield, so that all are there before the first begins.
        Party.OnGreenThread(group, () =>
        {
            GreenThread[] all = [.. Enumerable.Range(0, threads).Select(_ => GreenThread.Spawn(() =>
            {
                for (int i = 0; i < rounds; i++)
                {
                    lock (gate)
                    {
                        count++;
                        GreenThread.Yield();
                    }
                }
            }))];
            foreach (GreenThread thread in all)
                thread.Join();
        }).Join();
        Assert.Equal(rounds * threads, count);
        ManagedWaits waits = WaitsOf(group);
        Assert.True(waits.AfterYield > 9 * (waits.HandedOver + waits.LookedAt), waits.ToString());
        Assert.True(waits.AfterYield > 0, waits.ToString());
    }
}
