namespace GreenThreads.Tests;

/// <summary>What a semaphore promises, seen from a kind of thread.</summary>
public abstract class SemaphoreContract : ThreadContract
{
    [Fact]
    public void Permits_are_taken_and_given_back() => Run(() =>
    {
        var semaphore = new GreenSemaphore(2);
        semaphore.Wait();
        Assert.True(semaphore.TryWait());
        Assert.Equal(0, semaphore.CurrentCount);
        Assert.False(semaphore.TryWait());
        Assert.False(semaphore.TryWait(TimeSpan.Zero));
        Assert.False(semaphore.TryWait(TimeSpan.FromMilliseconds(1)));
        Assert.Equal(0, semaphore.Release());
        Assert.Equal(1, semaphore.Release(4));
        Assert.Equal(5, semaphore.CurrentCount);
    });

    [Fact]
    public void Bad_counts_are_refused() => Run(() =>
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new GreenSemaphore(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GreenSemaphore(2, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GreenSemaphore(0, 0));
        var semaphore = new GreenSemaphore(0, 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => semaphore.Release(0));
        Assert.Throws<SemaphoreFullException>(() => semaphore.Release(3));
        Assert.Equal(0, semaphore.Release(2));
        Assert.Throws<SemaphoreFullException>(() => semaphore.Release());
        Assert.Equal(2, semaphore.CurrentCount);
        Assert.Throws<ArgumentOutOfRangeException>(() => semaphore.TryWait(TimeSpan.FromTicks(-5)));
    });

    [Fact]
    public void Who_comes_first_is_served_first() => Run(() =>
    {
        const int count = 40; // more than are woken in one go
        var semaphore = new GreenSemaphore(0);
        var order = new GreenMutex();
        var served = new List<int>();
        var others = new Task[count];
        for (int i = 0; i < count; i++)
        {
            int index = i;
            others[i] = Start(() =>
            {
                semaphore.Wait();
                using (order.Lock())
                    served.Add(index);
            });
            WaitUntil(() => semaphore.WaiterCount == index + 1);
        }
        for (int i = 0; i < 3; i++)
        {
            semaphore.Release();
            WaitUntil(() => others[i].IsCompleted);
            Assert.Equal(i, served[^1]);
        }
        Assert.Equal(0, semaphore.Release(count));
        Join(others);
        Assert.Equal(3, semaphore.CurrentCount);
    });

    [Fact]
    public void A_permit_goes_to_who_waits_and_not_to_who_comes_by() => Run(() =>
    {
        var semaphore = new GreenSemaphore(0);
        Task other = Start(semaphore.Wait);
        WaitUntil(() => semaphore.WaiterCount == 1);
        semaphore.Release();
        Assert.False(semaphore.TryWait());
        Join(other);
    });

    [Fact]
    public void A_token_ends_the_wait_and_takes_nothing() => Run(() =>
    {
        var semaphore = new GreenSemaphore(0);
        using var cancellation = new CancellationTokenSource();
        Task other = Start(() =>
        {
            Assert.Throws<OperationCanceledException>(() => semaphore.Wait(cancellation.Token));
            Assert.Throws<OperationCanceledException>(() => semaphore.TryWait(TimeLimit.Generous, cancellation.Token));
        });
        WaitUntil(() => semaphore.WaiterCount == 1);
        cancellation.Cancel();
        Join(other);
        semaphore.Release();
        Assert.Equal(1, semaphore.CurrentCount);
        Assert.Throws<OperationCanceledException>(() => semaphore.Wait(cancellation.Token));
        Assert.Equal(1, semaphore.CurrentCount);
    });

    [Fact]
    public void A_place_that_got_something_elsewhere_is_passed_over() => Run(() =>
    {
        var semaphore = new GreenSemaphore(0);
        var gone = new Place { Wants = false };
        var wanting = new Place { Wants = true };
        using (semaphore.Gate.Enter())
        {
            Assert.False(semaphore.TryTakeLocked());
            semaphore.AddWaiterLocked(gone);
            semaphore.AddWaiterLocked(wanting);
        }
        semaphore.Release(2);
        Assert.False(gone.IsWoken);
        Assert.True(wanting.IsWoken);
        Assert.Equal(1, semaphore.CurrentCount);
        using (semaphore.Gate.Enter())
        {
            Assert.True(semaphore.TryTakeLocked());
            Assert.False(semaphore.TryTakeLocked());
            semaphore.AddWaiterLocked(gone);
            semaphore.RemoveWaiterLocked(gone);
            semaphore.RemoveWaiterLocked(gone);
        }
        semaphore.Release();
        Assert.Equal(1, semaphore.CurrentCount);
    });

    private sealed class Place : WaitNode
    {
        internal bool Wants { get; init; }

        internal bool IsWoken { get; private set; }

        internal override void Wake() => IsWoken = true;

        internal override bool TryClaim() => Wants;
    }
}

public sealed class GreenThreadSemaphoreTests : SemaphoreContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadSemaphoreTests : SemaphoreContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
