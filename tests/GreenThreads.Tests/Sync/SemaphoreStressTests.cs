namespace GreenThreads.Tests;

/// <summary>Permits are neither lost nor made, with all ways in and out at once.</summary>
public sealed class SemaphoreStressTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    public void Permits_are_neither_lost_nor_made(int seed, int permits)
    {
        var semaphore = new GreenSemaphore(permits, permits);
        int inside = 0;
        new SyncCrowd(seed).Run(random =>
        {
            switch (random.Next(5))
            {
                case 0 when !semaphore.TryWait():
                case 1 when !semaphore.TryWait(SyncCrowd.Timeout(random)):
                case 2 when !SyncCrowd.TryWithToken(random, semaphore.Wait):
                    return;
                case > 2:
                    semaphore.Wait();
                    break;
            }
            try
            {
                Assert.InRange(Interlocked.Increment(ref inside), 1, permits);
                SyncCrowd.Pause(random);
            }
            finally
            {
                Interlocked.Decrement(ref inside);
                semaphore.Release();
            }
            SyncCrowd.Pause(random);
        });
        Assert.Equal(permits, semaphore.CurrentCount);
        Assert.Equal(0, semaphore.WaiterCount);
    }
}
