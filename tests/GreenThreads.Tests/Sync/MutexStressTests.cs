namespace GreenThreads.Tests;

/// <summary>Mutual exclusion, and no lost wake-up, with all ways in and out at once.</summary>
public sealed class MutexStressTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public void Nobody_is_inside_with_another_and_nobody_is_forgotten(int seed)
    {
        var mutex = new GreenMutex();
        long counter = 0; // guarded by the mutex alone
        int inside = 0;
        long expected = 0;
        new SyncCrowd(seed).Run(random =>
        {
            switch (random.Next(5))
            {
                case 0 when !mutex.TryLock():
                case 1 when !mutex.TryLock(SyncCrowd.Timeout(random)):
                case 2 when !SyncCrowd.TryWithToken(random, token => { mutex.Lock(token); }):
                    return;
                case > 2:
                    mutex.Lock();
                    break;
            }
            try
            {
                Assert.Equal(1, ++inside);
                counter++;
                Interlocked.Increment(ref expected);
                SyncCrowd.Pause(random);
            }
            finally
            {
                inside--;
                mutex.Unlock();
            }
            SyncCrowd.Pause(random);
        });
        Assert.Equal(expected, counter);
        Assert.False(mutex.IsLocked);
        Assert.Equal(0, mutex.WaiterCount);
        Assert.Null(mutex.OwnerForTools);
    }
}
