namespace GreenThreads.Tests;

/// <summary>What a latch promises, seen from a kind of thread.</summary>
public abstract class LatchContract : ThreadContract
{
    [Fact]
    public void A_wait_ends_with_the_last_signal() => Run(() =>
    {
        var latch = new GreenLatch(3);
        Task[] others = [.. Enumerable.Range(0, 40).Select(_ => Start(latch.Wait))];
        WaitUntil(() => latch.WaiterCount == others.Length);
        latch.Signal(2);
        Assert.Equal(1, latch.CurrentCount);
        Assert.False(latch.TryWait(TimeSpan.Zero));
        Assert.False(latch.TryWait(TimeSpan.FromMilliseconds(1)));
        latch.Add();
        latch.Signal();
        Assert.False(latch.IsSet);
        Assert.Equal(others.Length, latch.WaiterCount);
        latch.Signal();
        Join(others);
        Assert.True(latch.IsSet);
        latch.Wait();
        Assert.True(latch.TryWait(TimeSpan.Zero));
    });

    [Fact]
    public void It_may_be_used_again() => Run(() =>
    {
        var latch = new GreenLatch();
        for (int round = 0; round < 100; round++)
        {
            int done = 0;
            latch.Add(4);
            Task[] others = [.. Enumerable.Range(0, 4).Select(_ => Start(() =>
            {
                Interlocked.Increment(ref done);
                latch.Signal();
            }))];
            latch.Wait();
            Assert.Equal(4, done);
            Join(others);
        }
    });

    [Fact]
    public void Misuse_throws() => Run(() =>
    {
        var latch = new GreenLatch(1);
        Assert.Throws<InvalidOperationException>(() => latch.Signal(2));
        Assert.Equal(1, latch.CurrentCount);
        Assert.Throws<InvalidOperationException>(() => latch.Add(int.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => latch.Signal(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => latch.Add(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GreenLatch(-1));
        latch.Signal();
        Assert.Throws<InvalidOperationException>(() => latch.Signal());
    });

    [Fact]
    public void A_token_ends_the_wait() => Run(() =>
    {
        var latch = new GreenLatch(1);
        using var cancellation = new CancellationTokenSource();
        Task other = Start(() => Assert.Throws<OperationCanceledException>(() => latch.Wait(cancellation.Token)));
        WaitUntil(() => latch.WaiterCount == 1);
        cancellation.Cancel();
        Join(other);
        Assert.Throws<OperationCanceledException>(() => latch.TryWait(TimeLimit.Generous, cancellation.Token));
        Assert.Equal(0, latch.WaiterCount);
    });
}

public sealed class GreenThreadLatchTests : LatchContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadLatchTests : LatchContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}

/// <summary>Rounds of a latch with all ways to wait at once.</summary>
public sealed class LatchStressTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public void No_wait_ends_early_and_none_hangs(int seed)
    {
        var latch = new GreenLatch();
        long open = 0;
        new SyncCrowd(seed).Run(random =>
        {
            if (random.Next(2) == 0)
            {
                Interlocked.Increment(ref open);
                latch.Add(2);
                try
                {
                    SyncCrowd.Pause(random);
                }
                finally
                {
                    latch.Signal();
                    Interlocked.Decrement(ref open);
                    latch.Signal();
                }
            }
            else if (random.Next(2) == 0)
            {
                latch.TryWait(SyncCrowd.Timeout(random));
            }
            else if (random.Next(2) == 0)
            {
                SyncCrowd.TryWithToken(random, latch.Wait);
            }
            else
            {
                latch.Wait();
            }
        });
        Assert.Equal(0, open);
        Assert.True(latch.IsSet);
        Assert.Equal(0, latch.WaiterCount);
    }
}
