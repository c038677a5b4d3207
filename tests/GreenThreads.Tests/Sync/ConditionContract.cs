namespace GreenThreads.Tests;

/// <summary>What a condition promises, seen from a kind of thread.</summary>
public abstract class ConditionContract : ThreadContract
{
    [Fact]
    public void A_notification_wakes_one_who_owns_the_mutex_then() => Run(() =>
    {
        var mutex = new GreenMutex();
        var condition = new GreenCondition(mutex);
        int woken = 0;
        Task[] others = [.. Enumerable.Range(0, 3).Select(_ => Start(() =>
        {
            using (mutex.Lock())
            {
                condition.Wait();
                Assert.Same(Waiter.Current, mutex.OwnerForTools);
                woken++;
            }
        }))];
        WaitUntil(() => condition.WaiterCount == 3);
        condition.NotifyOne();
        WaitUntil(() => Volatile.Read(ref woken) == 1);
        Assert.Equal(2, condition.WaiterCount);
        using (mutex.Lock())
            condition.NotifyAll();
        Join(others);
        Assert.Equal(3, woken);
        condition.NotifyOne();
        condition.NotifyAll();
        Assert.Equal(0, condition.WaiterCount);
    });

    [Fact]
    public void All_are_notified_who_wait_at_that_moment() => Run(() =>
    {
        const int count = 40; // more than are woken in one go
        var mutex = new GreenMutex();
        var condition = new GreenCondition(mutex);
        Task[] others = [.. Enumerable.Range(0, count).Select(_ => Start(() =>
        {
            using (mutex.Lock())
                condition.Wait();
        }))];
        WaitUntil(() => condition.WaiterCount == count);
        condition.NotifyAll();
        Join(others);
    });

    [Fact]
    public void Who_waits_must_own_the_mutex() => Run(() =>
    {
        var mutex = new GreenMutex();
        var condition = new GreenCondition(mutex);
        Assert.Same(mutex, condition.Mutex);
        Assert.Throws<SynchronizationLockException>(condition.Wait);
        Assert.Throws<SynchronizationLockException>(() => condition.TryWait(TimeSpan.Zero));
        using (mutex.Lock())
            Join(Start(() => Assert.Throws<SynchronizationLockException>(condition.Wait)));
        Assert.Throws<ArgumentNullException>(() => new GreenCondition(null!));
    });

    [Fact]
    public void The_mutex_is_owned_again_however_the_wait_ends() => Run(() =>
    {
        var mutex = new GreenMutex();
        var condition = new GreenCondition(mutex);
        using var cancellation = new CancellationTokenSource();
        using (mutex.Lock())
        {
            Assert.False(condition.TryWait(TimeSpan.Zero));
            Assert.False(condition.TryWait(TimeSpan.FromMilliseconds(1)));
            Assert.Same(Waiter.Current, mutex.OwnerForTools);
            Task canceller = Start(() =>
            {
                WaitUntil(() => condition.WaiterCount == 1);
                mutex.Lock();
                cancellation.Cancel(); // while it is locked: whoever waits has to wait for it
                Yield();
                mutex.Unlock();
            });
            Assert.Throws<OperationCanceledException>(() => condition.Wait(cancellation.Token));
            Assert.Same(Waiter.Current, mutex.OwnerForTools);
            Assert.Throws<OperationCanceledException>(() => condition.TryWait(TimeLimit.Generous, cancellation.Token));
            Assert.Same(Waiter.Current, mutex.OwnerForTools);
            Join(canceller);
        }
        Assert.False(mutex.IsLocked);
        Assert.Equal(0, condition.WaiterCount);
    });
}

public sealed class GreenThreadConditionTests : ConditionContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [Fact]
    public void A_cancelled_green_thread_waits_for_the_mutex_before_it_throws() => Run(() =>
    {
        var mutex = new GreenMutex();
        var condition = new GreenCondition(mutex);
        bool owned = false;
        GreenThread waiter = GreenThread.Spawn(() =>
        {
            using (mutex.Lock())
            {
                try
                {
                    condition.Wait();
                }
                finally
                {
                    owned = mutex.Owner == GreenThread.Current;
                }
            }
        });
        WaitUntil(() => condition.WaiterCount == 1);
        using (mutex.Lock())
        {
            waiter.Cancel();
            WaitUntil(() => mutex.WaiterCount == 1);
            Assert.Equal(0, condition.WaiterCount);
        }
        Assert.Throws<GreenThreadCanceledException>(waiter.Join);
        Assert.True(owned);
        Assert.False(mutex.IsLocked);
    });
}

public sealed class OsThreadConditionTests : ConditionContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();

    [Fact]
    public void An_interrupted_OS_thread_waits_for_the_mutex_before_it_throws()
    {
        var mutex = new GreenMutex();
        var condition = new GreenCondition(mutex);
        bool owned = false;
        var thread = new Thread(() =>
        {
            using (mutex.Lock())
            {
                Assert.Throws<ThreadInterruptedException>(condition.Wait);
                owned = mutex.OwnerForTools == Waiter.Current;
            }
        });
        thread.Start();
        WaitUntil(() => condition.WaiterCount == 1);
        using (mutex.Lock())
        {
            thread.Interrupt();
            WaitUntil(() => mutex.WaiterCount == 1);
            thread.Interrupt();
        }
        Assert.True(thread.Join(TimeLimit.Generous));
        Assert.True(owned);
        Assert.False(mutex.IsLocked);
    }
}
