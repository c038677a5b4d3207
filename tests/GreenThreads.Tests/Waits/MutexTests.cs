using static GreenThreads.Tests.WaitCounters;

namespace GreenThreads.Tests;

/// <summary>A Mutex belongs to the OS thread and so is no lock between green threads (docs/limits.md). What works all the same, and what does not.</summary>
public sealed class MutexTests
{
    [Fact]
    public void A_free_mutex_is_taken_and_released_by_code_that_does_not_park()
    {
        using SchedulerGroup group = NewGroup();
        using var mutex = new Mutex();
        for (int i = 0; i < 3; i++)
        {
            Party.OnGreenThread(group, () =>
            {
                Assert.True(mutex.WaitOne());
                mutex.ReleaseMutex();
            }).Join();
        }
        Assert.True(mutex.WaitOne(0));
        mutex.ReleaseMutex();
    }

    [Fact]
    public void An_abandoned_mutex_says_so()
    {
        using SchedulerGroup group = NewGroup();
        using var mutex = new Mutex();
        using var never = new ManualResetEvent(false);
        for (int i = 0; i < 3; i++)
        {
            Party.OnOsThread(() => mutex.WaitOne()).Join();
            // The system notices the end of the OS thread a moment later than the test.
            Party.OnGreenThread(group, () =>
            {
                AbandonedMutexException abandoned = Assert.Throws<AbandonedMutexException>(() =>
                {
                    while (WaitHandle.WaitAny([never, mutex], 0) == WaitHandle.WaitTimeout)
                        GreenThread.Yield();
                });
                Assert.Equal(1, abandoned.MutexIndex);
                mutex.ReleaseMutex();
            }).Join();
        }
    }

    [SwitchedFact]
    public void Two_green_threads_of_one_OS_thread_are_one_owner()
    {
        using SchedulerGroup group = NewGroup();
        using var mutex = new Mutex();
        Party.OnGreenThread(group, () =>
        {
            mutex.WaitOne();
            GreenThread other = GreenThread.Spawn(() =>
            {
                Assert.True(mutex.WaitOne(0), "the contract has become better");
                mutex.ReleaseMutex();
            });
            other.Join();
            mutex.ReleaseMutex();
        }).Join();
    }

    [SwitchedFact]
    public void A_mutex_that_had_to_be_waited_for_belongs_to_who_waited()
    {
        using SchedulerGroup group = NewGroup();
        using var mutex = new Mutex();
        var order = new Signal();
        Party owner = OwnOnOsThread(mutex, until: order);
        Party waiter = Party.OnGreenThread(group, () =>
        {
            Assert.True(mutex.WaitOne());
            mutex.ReleaseMutex();
        });
        waiter.AwaitWaiting();
        order.Set();
        owner.Join();
        waiter.Join();
    }

    [Fact]
    public void Who_waits_for_a_mutex_in_vain_runs_out_of_time()
    {
        using SchedulerGroup group = NewGroup();
        using var mutex = new Mutex();
        var order = new Signal();
        Party owner = OwnOnOsThread(mutex, until: order);
        Party.OnGreenThread(group, () =>
        {
            Assert.False(mutex.WaitOne(0));
            Assert.False(mutex.WaitOne(5));
        }).Join();
        order.Set();
        owner.Join();
        Assert.True(mutex.WaitOne(TimeLimit.Generous));
        mutex.ReleaseMutex();
    }

    [Fact]
    public void A_named_mutex_that_another_OS_thread_has_is_waited_for()
    {
        using SchedulerGroup group = NewGroup();
        string name = $"greenthreads-{Guid.NewGuid():N}";
        using var mutex = new Mutex(initiallyOwned: false, name);
        var order = new Signal();
        Party owner = OwnOnOsThread(mutex, until: order);
        var isOutOfTime = new Signal();
        Party waiter = Party.OnGreenThread(group, () =>
        {
            Assert.False(mutex.WaitOne(5));
            isOutOfTime.Set();
            Assert.True(mutex.WaitOne(TimeLimit.Generous));
            mutex.ReleaseMutex();
        });
        Assert.True(isOutOfTime.Wait(Deadline.After(TimeLimit.Generous)));
        waiter.AwaitWaiting();
        Assert.True(group.Spawn(static () => { }).Join(TimeLimit.Generous), "the scheduler is blocked");
        order.Set();
        owner.Join();
        waiter.Join();
    }

    private static Party OwnOnOsThread(Mutex mutex, Signal until)
    {
        var holds = new Signal();
        Party owner = Party.OnOsThread(() =>
        {
            mutex.WaitOne();
            holds.Set();
            until.Wait(Deadline.Never);
            mutex.ReleaseMutex();
        });
        Assert.True(holds.Wait(Deadline.After(TimeLimit.Generous)));
        return owner;
    }
}
