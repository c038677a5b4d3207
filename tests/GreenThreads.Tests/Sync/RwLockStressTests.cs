namespace GreenThreads.Tests;

/// <summary>Readers and writers keep apart, and no lost wake-up, with all ways in and out at once.</summary>
public sealed class RwLockStressTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public void Nobody_writes_beside_another_and_nobody_is_forgotten(int seed)
    {
        var rwLock = new GreenRwLock();
        int readers = 0;
        int writers = 0;
        long counter = 0; // guarded by the lock alone
        long expected = 0;
        new SyncCrowd(seed).Run(random =>
        {
            if (random.Next(3) == 0)
                Write(random);
            else
                Read(random);
            SyncCrowd.Pause(random);
        });
        Assert.Equal(expected, counter);
        Assert.Equal(0, rwLock.ReaderCount);
        Assert.False(rwLock.IsWriteLocked);
        Assert.Equal(0, rwLock.WaiterCount);

        void Write(Random random)
        {
            switch (random.Next(5))
            {
                case 0 when !rwLock.TryEnterWrite():
                case 1 when !rwLock.TryEnterWrite(SyncCrowd.Timeout(random)):
                case 2 when !SyncCrowd.TryWithToken(random, token => { rwLock.EnterWrite(token); }):
                    return;
                case > 2:
                    rwLock.EnterWrite();
                    break;
            }
            try
            {
                Assert.Equal(1, Interlocked.Increment(ref writers));
                Assert.Equal(0, Volatile.Read(ref readers));
                counter++;
                Interlocked.Increment(ref expected);
                SyncCrowd.Pause(random);
            }
            finally
            {
                Interlocked.Decrement(ref writers);
                rwLock.ExitWrite();
            }
        }

        void Read(Random random)
        {
            switch (random.Next(5))
            {
                case 0 when !rwLock.TryEnterRead():
                case 1 when !rwLock.TryEnterRead(SyncCrowd.Timeout(random)):
                case 2 when !SyncCrowd.TryWithToken(random, token => { rwLock.EnterRead(token); }):
                    return;
                case > 2:
                    rwLock.EnterRead();
                    break;
            }
            try
            {
                Interlocked.Increment(ref readers);
                Assert.Equal(0, Volatile.Read(ref writers));
                long before = counter;
                SyncCrowd.Pause(random);
                Assert.Equal(before, counter);
            }
            finally
            {
                Interlocked.Decrement(ref readers);
                rwLock.ExitRead();
            }
        }
    }
}
