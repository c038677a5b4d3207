namespace GreenThreads.Tests;

/// <summary>What a mutex promises, seen from a kind of thread.</summary>
public abstract class MutexContract : ThreadContract
{
    [Fact]
    public void One_owns_it_and_the_next_waits() => Run(() =>
    {
        var mutex = new GreenMutex();
        bool entered = false;
        Task other;
        using (mutex.Lock())
        {
            Assert.True(mutex.IsLocked);
            Assert.Same(GreenThread.Current, mutex.Owner);
            Assert.Same(Waiter.Current, mutex.OwnerForTools);
            other = Start(() =>
            {
                using (mutex.Lock())
                    entered = true;
            });
            WaitUntil(() => mutex.WaiterCount == 1);
            var waiters = new List<WaitNode>();
            mutex.CopyWaitersTo(waiters);
            Assert.Same(mutex, Assert.IsAssignableFrom<Waiter>(Assert.Single(waiters)).WaitsFor);
            Assert.False(entered);
        }
        Join(other);
        Assert.True(entered);
        Assert.False(mutex.IsLocked);
        Assert.Null(mutex.OwnerForTools);
        Assert.Equal(0, mutex.WaiterCount);
    });

    [Fact]
    public void The_owner_cannot_lock_again() => Run(() =>
    {
        var mutex = new GreenMutex { Name = "twice" };
        using (mutex.Lock())
        {
            Assert.Contains("twice", Assert.Throws<LockRecursionException>(() => { mutex.Lock(); }).Message, StringComparison.Ordinal);
            Assert.Throws<LockRecursionException>(() => { mutex.Lock(CancellationToken.None); });
            Assert.Throws<LockRecursionException>(() => mutex.TryLock());
            Assert.Throws<LockRecursionException>(() => mutex.TryLock(TimeSpan.Zero));
            Assert.True(mutex.IsLocked);
        }
        Assert.False(mutex.IsLocked);
    });

    [Fact]
    public void Only_the_owner_can_unlock() => Run(() =>
    {
        var mutex = new GreenMutex();
        Assert.Throws<SynchronizationLockException>(mutex.Unlock);
        using (mutex.Lock())
            Join(Start(() => Assert.Throws<SynchronizationLockException>(mutex.Unlock)));
        Assert.True(mutex.TryLock());
        mutex.Unlock();
        Assert.Throws<SynchronizationLockException>(mutex.Unlock);
    });

    [Fact]
    public void Tries_end_in_time_and_leave_nothing_behind() => Run(() =>
    {
        var mutex = new GreenMutex();
        using (mutex.Lock())
        {
            Join(Start(() =>
            {
                Assert.False(mutex.TryLock());
                Assert.False(mutex.TryLock(TimeSpan.Zero));
                Assert.False(mutex.TryLock(TimeSpan.FromMilliseconds(2)));
                Assert.Throws<ArgumentOutOfRangeException>(() => mutex.TryLock(TimeSpan.FromTicks(-5)));
            }));
            Assert.Equal(0, mutex.WaiterCount);
        }
        Assert.True(mutex.TryLock(TimeSpan.Zero));
        mutex.Unlock();
        Assert.True(mutex.TryLock(Timeout.InfiniteTimeSpan));
        mutex.Unlock();
    });

    [Fact]
    public void A_token_ends_the_wait_and_takes_nothing() => Run(() =>
    {
        var mutex = new GreenMutex();
        using var cancellation = new CancellationTokenSource();
        using (mutex.Lock())
        {
            Task other = Start(() =>
            {
                Assert.Equal(
                    cancellation.Token,
                    Assert.Throws<OperationCanceledException>(() => { mutex.Lock(cancellation.Token); }).CancellationToken);
                Assert.Throws<OperationCanceledException>(() => mutex.TryLock(TimeLimit.Generous, cancellation.Token));
            });
            WaitUntil(() => mutex.WaiterCount == 1);
            cancellation.Cancel();
            Join(other);
        }
        Assert.Throws<OperationCanceledException>(() => { mutex.Lock(cancellation.Token); });
        Assert.False(mutex.IsLocked);
    });

    [Fact]
    public void Who_has_waited_for_too_long_is_handed_the_lock() => Run(() =>
    {
        // The owner takes the lock back at once each time, so whoever waits gets it only if it is kept for them.
        var mutex = new GreenMutex();
        Task[] others;
        using (mutex.Lock())
        {
            others = [.. Enumerable.Range(0, 3).Select(_ => Start(() =>
            {
                using (mutex.Lock())
                    Yield();
            }))];
            WaitUntil(() => mutex.WaiterCount == others.Length);
        }
        WaitUntil(() =>
        {
            using (mutex.Lock())
                Yield();
            return others.All(other => other.IsCompleted);
        });
        Join(others);
    });
}

public sealed class GreenThreadMutexTests : MutexContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [Fact]
    public void A_cancelled_green_thread_leaves_the_wait_and_the_next_gets_the_lock() => Run(() =>
    {
        var mutex = new GreenMutex();
        GreenThread cancelled, next;
        using (mutex.Lock())
        {
            cancelled = GreenThread.Spawn(() => { mutex.Lock(); });
            WaitUntil(() => mutex.WaiterCount == 1);
            next = GreenThread.Spawn(() =>
            {
                using (mutex.Lock())
                {
                }
            });
            WaitUntil(() => mutex.WaiterCount == 2);
            cancelled.Cancel();
            Assert.Throws<GreenThreadCanceledException>(cancelled.Join);
            Assert.Equal(1, mutex.WaiterCount);
        }
        next.Join();
    });
}

public sealed class OsThreadMutexTests : MutexContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();

    [Fact]
    public void An_interrupted_wait_takes_nothing()
    {
        var mutex = new GreenMutex();
        mutex.Lock();
        var thread = new Thread(() => Assert.Throws<ThreadInterruptedException>(() => { mutex.Lock(); }));
        thread.Start();
        thread.Interrupt(); // at once, or as soon as it blocks
        Assert.True(thread.Join(TimeLimit.Generous));
        Assert.Equal(0, mutex.WaiterCount);
        mutex.Unlock();
    }

    [Fact]
    public void It_knows_which_OS_threads_have_it()
    {
        var mutex = new GreenMutex();
        Assert.Same(OsThreadWaiter.Current, mutex.OutsideHolder);
        OsThreadWaiter? other = null;
        OsThreads.Start(() =>
        {
            other = OsThreadWaiter.Current;
            using (mutex.Lock())
            {
            }
        }).Wait(TimeLimit.Generous);
        List<OsThreadWaiter> holders = [];
        Assert.True(mutex.TryCopyOutsideHoldersTo(holders));
        Assert.Equal([OsThreadWaiter.Current, other!], holders);
    }
}
