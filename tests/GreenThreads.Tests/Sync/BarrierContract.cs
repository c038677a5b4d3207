namespace GreenThreads.Tests;

/// <summary>What a barrier promises, seen from a kind of thread.</summary>
public abstract class BarrierContract : ThreadContract
{
    [Fact]
    public void Nobody_goes_on_before_all_have_come() => Run(() =>
    {
        const int parties = 20;
        const int phases = 10;
        int arrived = 0;
        int actions = 0;
        GreenBarrier barrier = null!;
        barrier = new GreenBarrier(parties, () =>
        {
            Assert.Equal(parties * ++actions, Volatile.Read(ref arrived));
            Yield();
        });
        Join([.. Enumerable.Range(0, parties).Select(_ => Start(() =>
        {
            for (int phase = 1; phase <= phases; phase++)
            {
                Interlocked.Increment(ref arrived);
                barrier.SignalAndWait();
                Assert.True(Volatile.Read(ref arrived) >= parties * phase);
                Assert.True(Volatile.Read(ref actions) >= phase);
            }
        }))]);
        Assert.Equal(phases, barrier.CurrentPhase);
        Assert.Equal(phases, actions);
        Assert.False(barrier.IsBroken);
        Assert.Equal(0, barrier.WaiterCount);
    });

    [Fact]
    public void A_phase_that_ended_well_has_done_so_whatever_comes_next() => Run(() =>
    {
        var barrier = new GreenBarrier(2);
        for (int round = 0; round < 100; round++)
        {
            Task other = Start(() => barrier.SignalAndWait());
            WaitUntil(() => barrier.WaiterCount == 1);
            barrier.SignalAndWait();
            barrier.Reset(); // The other may not have come to look yet.
            Join(other);
        }
    });

    [Fact]
    public void One_party_need_not_wait() => Run(() =>
    {
        var barrier = new GreenBarrier(1);
        barrier.SignalAndWait();
        Assert.True(barrier.TrySignalAndWait(TimeSpan.Zero));
        barrier.SignalAndWait(CancellationToken.None);
        Assert.Equal(3, barrier.CurrentPhase);
        Assert.Equal(1, barrier.Parties);
        Assert.Throws<ArgumentOutOfRangeException>(() => new GreenBarrier(0));
    });

    [Fact]
    public void One_that_gives_up_breaks_it_for_all_until_it_is_reset() => Run(() =>
    {
        var barrier = new GreenBarrier(3);
        Task other = Start(() => Assert.Throws<GreenBarrierBrokenException>(() => barrier.SignalAndWait()));
        WaitUntil(() => barrier.WaiterCount == 1);
        Assert.False(barrier.TrySignalAndWait(TimeSpan.FromMilliseconds(1)));
        Join(other);
        Assert.True(barrier.IsBroken);
        Assert.Throws<GreenBarrierBrokenException>(() => barrier.SignalAndWait());
        barrier.Reset();
        Assert.False(barrier.IsBroken);
        Task[] others = [Start(() => barrier.SignalAndWait()), Start(() => barrier.SignalAndWait())];
        barrier.SignalAndWait();
        Join(others);
    });

    [Fact]
    public void A_token_breaks_it_unless_it_was_cancelled_before() => Run(() =>
    {
        var barrier = new GreenBarrier(2);
        using var cancellation = new CancellationTokenSource();
        Task other = Start(() => Assert.Throws<OperationCanceledException>(() => barrier.SignalAndWait(cancellation.Token)));
        WaitUntil(() => barrier.WaiterCount == 1);
        cancellation.Cancel();
        Join(other);
        Assert.True(barrier.IsBroken);
        barrier.Reset();
        Assert.Throws<OperationCanceledException>(() => barrier.TrySignalAndWait(TimeLimit.Generous, cancellation.Token));
        Assert.False(barrier.IsBroken);
    });

    [Fact]
    public void A_reset_breaks_it_for_those_who_wait() => Run(() =>
    {
        var barrier = new GreenBarrier(2);
        Task other = Start(() => Assert.Throws<GreenBarrierBrokenException>(() => barrier.SignalAndWait()));
        WaitUntil(() => barrier.WaiterCount == 1);
        barrier.Reset();
        Join(other);
        Assert.False(barrier.IsBroken);
    });

    [Fact]
    public void A_failing_action_breaks_it_and_is_known_to_all() => Run(() =>
    {
        var barrier = new GreenBarrier(2, () => throw new FormatException("the action"));
        Task other = Start(() =>
        {
            GreenBarrierBrokenException broken = Assert.Throws<GreenBarrierBrokenException>(() => barrier.SignalAndWait());
            Assert.Equal("the action", Assert.IsType<FormatException>(broken.InnerException).Message);
        });
        WaitUntil(() => barrier.WaiterCount == 1);
        Assert.Throws<FormatException>(() => barrier.SignalAndWait());
        Join(other);
        Assert.IsType<FormatException>(Assert.Throws<GreenBarrierBrokenException>(() => barrier.SignalAndWait()).InnerException);
    });

    [Fact]
    public void One_too_many_is_told_so_while_the_action_runs() => Run(() =>
    {
        GreenBarrier barrier = null!;
        barrier = new GreenBarrier(1, () =>
        {
            Assert.Throws<InvalidOperationException>(() => barrier.SignalAndWait());
            Assert.Throws<InvalidOperationException>(() => barrier.Reset());
        });
        barrier.SignalAndWait();
        Assert.Equal(1, barrier.CurrentPhase);
    });
}

public sealed class GreenThreadBarrierTests : BarrierContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [Fact]
    public void A_cancelled_party_breaks_it() => Run(() =>
    {
        var barrier = new GreenBarrier(3);
        GreenThread cancelled = GreenThread.Spawn(barrier.SignalAndWait);
        GreenThread other = GreenThread.Spawn(barrier.SignalAndWait);
        WaitUntil(() => barrier.WaiterCount == 2);
        cancelled.Cancel();
        Assert.Throws<GreenThreadCanceledException>(cancelled.Join);
        Assert.Throws<GreenBarrierBrokenException>(other.Join);
        Assert.True(barrier.IsBroken);
    });
}

public sealed class OsThreadBarrierTests : BarrierContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
