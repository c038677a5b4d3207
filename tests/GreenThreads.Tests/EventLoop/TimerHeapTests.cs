namespace GreenThreads.Tests;

public sealed class TimerHeapTests
{
    private readonly TimerHeap _heap = new();

    [Fact]
    public void An_empty_heap_has_no_next_timestamp_and_pops_nothing()
    {
        Assert.Equal(long.MaxValue, _heap.NextTimestamp);
        Assert.True(_heap.NextDeadline.IsNever);
        Assert.False(_heap.TryPopExpired(long.MaxValue, out _));
    }

    [Fact]
    public void A_timer_pops_at_its_timestamp_and_not_before()
    {
        var waiter = new TestWaiter();
        _heap.Add(waiter, Deadline.At(100));
        Assert.False(_heap.TryPopExpired(99, out _));
        Assert.True(_heap.TryPopExpired(100, out Waiter? popped));
        Assert.Same(waiter, popped);
        Assert.Equal(-1, waiter.TimerIndex);
    }

    [Fact]
    public void Remove_says_whether_the_waiter_was_in_the_heap()
    {
        var waiter = new TestWaiter();
        Assert.False(_heap.Remove(waiter));
        _heap.Add(waiter, Deadline.At(1));
        Assert.True(_heap.Remove(waiter));
        Assert.False(_heap.Remove(waiter));
        Assert.Equal(0, _heap.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_adds_removes_and_pops_agree_with_a_sorted_model(int seed)
    {
        var random = new Random(seed);
        var model = new SortedSet<(long Timestamp, int Id)>();
        var waiters = new Dictionary<int, TestWaiter>();
        for (int step = 0; step < 50_000; step++)
        {
            int kind = random.Next(10);
            if (kind < 5)
            {
                var waiter = new TestWaiter { Id = step, Timestamp = random.Next(1000) };
                waiters.Add(step, waiter);
                model.Add((waiter.Timestamp, step));
                _heap.Add(waiter, Deadline.At(waiter.Timestamp));
            }
            else if (kind < 8 && model.Count > 0)
            {
                TestWaiter waiter = waiters.Values.ElementAt(random.Next(Math.Min(8, waiters.Count)));
                Assert.True(_heap.Remove(waiter));
                Assert.True(model.Remove((waiter.Timestamp, waiter.Id)));
                waiters.Remove(waiter.Id);
            }
            else
            {
                long now = random.Next(1000);
                bool expected = model.Count > 0 && model.Min.Timestamp <= now;
                Assert.Equal(expected, _heap.TryPopExpired(now, out Waiter? popped));
                if (popped is TestWaiter waiter)
                {
                    Assert.Equal(model.Min.Timestamp, waiter.Timestamp);
                    Assert.True(model.Remove((waiter.Timestamp, waiter.Id)));
                    waiters.Remove(waiter.Id);
                }
            }
            Assert.Equal(model.Count, _heap.Count);
            Assert.Equal(model.Count == 0 ? long.MaxValue : model.Min.Timestamp, _heap.NextTimestamp);
        }
    }

    private sealed class TestWaiter : Waiter
    {
        internal int Id { get; init; }

        internal long Timestamp { get; init; }

        internal override void Wake() => throw new InvalidOperationException();

        internal override bool ParkCore(Deadline deadline) => throw new InvalidOperationException();
    }
}
