namespace GreenThreads.Tests;

/// <summary>What a readers-writer lock promises, seen from a kind of thread.</summary>
public abstract class RwLockContract : ThreadContract
{
    [Fact]
    public void Readers_share_and_a_writer_is_alone() => Run(() =>
    {
        var rwLock = new GreenRwLock();
        using (rwLock.EnterRead())
        {
            Join(Start(() =>
            {
                Assert.True(rwLock.TryEnterRead());
                Assert.Equal(2, rwLock.ReaderCount);
                rwLock.ExitRead();
                Assert.False(rwLock.TryEnterWrite());
                Assert.False(rwLock.TryEnterWrite(TimeSpan.FromMilliseconds(1)));
                Assert.True(rwLock.TryEnterRead(TimeSpan.Zero));
                rwLock.ExitRead();
            }));
        }
        using (rwLock.EnterWrite())
        {
            Assert.True(rwLock.IsWriteLocked);
            Assert.Same(GreenThread.Current, rwLock.Owner);
            Assert.Same(Waiter.Current, rwLock.OwnerForTools);
            Join(Start(() =>
            {
                Assert.False(rwLock.TryEnterRead());
                Assert.False(rwLock.TryEnterRead(TimeSpan.FromMilliseconds(1)));
                Assert.False(rwLock.TryEnterWrite());
                Assert.False(rwLock.TryEnterWrite(TimeSpan.Zero));
            }));
        }
        Assert.Null(rwLock.OwnerForTools);
        Assert.False(rwLock.IsWriteLocked);
        Assert.True(rwLock.TryEnterWrite());
        rwLock.ExitWrite();
        Assert.Equal(0, rwLock.ReaderCount);
    });

    [Fact]
    public void Misuse_throws() => Run(() =>
    {
        var rwLock = new GreenRwLock();
        Assert.Throws<SynchronizationLockException>(rwLock.ExitRead);
        Assert.Throws<SynchronizationLockException>(rwLock.ExitWrite);
        using (rwLock.EnterWrite())
        {
            Assert.Throws<LockRecursionException>(() => { rwLock.EnterWrite(); });
            Assert.Throws<LockRecursionException>(() => { rwLock.EnterRead(); });
            Assert.Throws<LockRecursionException>(() => rwLock.TryEnterWrite());
            Assert.Throws<LockRecursionException>(() => rwLock.TryEnterRead());
            Assert.Throws<SynchronizationLockException>(rwLock.ExitRead);
            Join(Start(() => Assert.Throws<SynchronizationLockException>(rwLock.ExitWrite)));
        }
        using (rwLock.EnterRead())
            Assert.Throws<SynchronizationLockException>(rwLock.ExitWrite);
    });

    [Fact]
    public void Readers_who_come_after_a_writer_let_it_go_first() => Run(() =>
    {
        var rwLock = new GreenRwLock();
        Task writer, reader;
        bool written = false;
        using (rwLock.EnterRead())
        {
            writer = Start(() =>
            {
                using (rwLock.EnterWrite())
                    written = true;
            });
            WaitUntil(() => rwLock.WaiterCount == 1);
            Assert.False(rwLock.TryEnterRead());
            reader = Start(() =>
            {
                using (rwLock.EnterRead())
                    Assert.True(written);
            });
            WaitUntil(() => rwLock.WaiterCount == 2);
        }
        Join(writer, reader);
    });

    [Fact]
    public void Readers_who_wait_are_all_let_in_before_the_next_writer() => Run(() =>
    {
        const int count = 40; // more than are woken in one go
        var rwLock = new GreenRwLock();
        int readers = 0;
        var tasks = new Task[count + 1];
        using (rwLock.EnterWrite())
        {
            for (int i = 0; i < count; i++)
            {
                if (i == count / 2)
                {
                    tasks[count] = Start(() =>
                    {
                        using (rwLock.EnterWrite())
                            Assert.Equal(count, readers);
                    });
                    WaitUntil(() => rwLock.WaiterCount == count / 2 + 1);
                }
                tasks[i] = Start(() =>
                {
                    using (rwLock.EnterRead())
                        Interlocked.Increment(ref readers);
                });
            }
            WaitUntil(() => rwLock.WaiterCount == count + 1);
        }
        Join(tasks);
    });

    [Fact]
    public void A_writer_that_gives_up_lets_the_readers_behind_it_in() => Run(() =>
    {
        var rwLock = new GreenRwLock();
        using var cancellation = new CancellationTokenSource();
        using (rwLock.EnterRead())
        {
            Task writer = Start(() => Assert.Throws<OperationCanceledException>(() => { rwLock.EnterWrite(cancellation.Token); }));
            WaitUntil(() => rwLock.WaiterCount == 1);
            Task reader = Start(() =>
            {
                using (rwLock.EnterRead())
                {
                }
            });
            WaitUntil(() => rwLock.WaiterCount == 2);
            cancellation.Cancel();
            Join(writer, reader);
        }
        Assert.Throws<OperationCanceledException>(() => { rwLock.EnterRead(cancellation.Token); });
        Assert.True(rwLock.TryEnterWrite());
        rwLock.ExitWrite();
    });
}

public sealed class GreenThreadRwLockTests : RwLockContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [Fact]
    public void A_cancelled_writer_lets_the_readers_behind_it_in() => Run(() =>
    {
        var rwLock = new GreenRwLock();
        using (rwLock.EnterRead())
        {
            GreenThread writer = GreenThread.Spawn(() => { rwLock.EnterWrite(); });
            WaitUntil(() => rwLock.WaiterCount == 1);
            GreenThread reader = GreenThread.Spawn(() => { rwLock.EnterRead(); });
            WaitUntil(() => rwLock.WaiterCount == 2);
            writer.Cancel();
            Assert.Throws<GreenThreadCanceledException>(writer.Join);
            reader.Join();
        }
        Assert.Equal(1, rwLock.ReaderCount);
    });
}

public sealed class OsThreadRwLockTests : RwLockContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
