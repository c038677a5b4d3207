using System.Collections.Concurrent;
using Xunit.Abstractions;

namespace GreenThreads.Conformance;

/// <summary>Parallel loops and queries that green threads start and wait for; they run on the thread pool and on the green thread.</summary>
public sealed class ParallelTests(ITestOutputHelper output)
{
    private const int Threads = 200;
    private const int Items = 500;

    [Fact]
    public void Parallel_ForEach_visits_every_item_once()
    {
        Crowd.Run(output, Threads, thread =>
        {
            var visits = new int[Items];
            ParallelLoopResult result = Parallel.ForEach(Enumerable.Range(0, Items), i => Interlocked.Add(ref visits[i], thread));
            Assert.True(result.IsCompleted);
            Assert.All(visits, visit => Assert.Equal(thread, visit));
        });
    }

    [Fact]
    public void Bodies_that_wait_for_each_others_lock_are_no_deadlock()
    {
        object gate = new();
        int sum = 0;
        Crowd.Run(output, Threads, _ => Parallel.For(0, Items, (Action<int>)(_ =>
        {
            lock (gate)
                sum++;
        })));
        Assert.Equal(Threads * Items, sum);
    }

    [Fact]
    public void Exceptions_and_cancellation_of_parallel_loops_come_through()
    {
        Crowd.Run(output, Threads, thread =>
        {
            AggregateException failure = Assert.Throws<AggregateException>(() => Parallel.ForEach(Enumerable.Range(0, Items), i =>
            {
                if (i == thread)
                    throw new InvalidTimeZoneException($"{thread}");
            }));
            Assert.Equal($"{thread}", Assert.IsType<InvalidTimeZoneException>(Assert.Single(failure.InnerExceptions)).Message);

            using var cancellation = new CancellationTokenSource();
            var options = new ParallelOptions { CancellationToken = cancellation.Token };
            Assert.ThrowsAny<OperationCanceledException>(() => Parallel.For(0, int.MaxValue, options, _ => cancellation.Cancel()));
        });
    }

    [Fact]
    public void Parallel_queries_and_ForEachAsync_end_with_every_item()
    {
        Crowd.Run(output, Threads, thread =>
        {
            Assert.Equal(Items * (long)thread, Enumerable.Repeat((long)thread, Items).AsParallel().Select(static i => i).Sum());
            var seen = new ConcurrentBag<int>();
            Parallel.ForEachAsync(Enumerable.Range(0, 20), async (i, _) =>
            {
                await Task.Yield();
                seen.Add(i);
            }).Wait();
            Assert.Equal(Enumerable.Range(0, 20), seen.Order());
        });
    }
}
