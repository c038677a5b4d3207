using System.Collections.Concurrent;
using System.Threading.Channels;
using Xunit.Abstractions;

namespace GreenThreads.Conformance;

/// <summary>BlockingCollection and System.Threading.Channels between green threads, and between them and OS threads.</summary>
public sealed class CollectionTests(ITestOutputHelper output)
{
    private const int Threads = 500;
    private const int OsThreadCount = 4;
    private const int Items = 20;

    // All takers are blocked before the first item is there.
    [Fact]
    public void Items_of_OS_threads_reach_green_threads_blocked_in_Take()
    {
        using var collection = new BlockingCollection<int>();
        using var ready = new CountdownEvent(Threads);
        long sum = 0;
        OsThreads producers = OsThreads.Start(OsThreadCount, producer =>
        {
            ready.Wait();
            for (int i = producer; i < Threads * Items; i += OsThreadCount)
                collection.Add(i);
        });
        Crowd.Run(output, Threads, _ =>
        {
            ready.Signal();
            for (int i = 0; i < Items; i++)
                Interlocked.Add(ref sum, collection.Take());
        });
        producers.Join();
        Assert.Empty(collection);
        Assert.Equal(Sum(Threads * Items), sum);
    }

    // A bound of 8: the green threads block in Add.
    [Fact]
    public void Items_of_green_threads_blocked_in_Add_reach_OS_threads()
    {
        using var collection = new BlockingCollection<int>(boundedCapacity: 8);
        using var ready = new CountdownEvent(Threads);
        long sum = 0;
        OsThreads consumers = OsThreads.Start(OsThreadCount, _ =>
        {
            ready.Wait();
            foreach (int item in collection.GetConsumingEnumerable())
                Interlocked.Add(ref sum, item);
        });
        Crowd.Run(output, Threads, thread =>
        {
            ready.Signal();
            for (int i = 0; i < Items; i++)
                collection.Add(thread * Items + i);
        });
        collection.CompleteAdding();
        consumers.Join();
        Assert.Equal(Sum(Threads * Items), sum);
    }

    [Fact]
    public void Green_threads_give_to_each_other_until_CompleteAdding()
    {
        using var collection = new BlockingCollection<int>(boundedCapacity: 8);
        long sum = 0;
        int producers = Threads / 2;
        Crowd.Run(output, Threads, thread =>
        {
            if (thread % 2 == 0)
            {
                foreach (int item in collection.GetConsumingEnumerable())
                    Interlocked.Add(ref sum, item);
                return;
            }
            for (int i = 0; i < Items; i++)
                collection.Add(thread / 2 * Items + i);
            if (Interlocked.Decrement(ref producers) == 0)
                collection.CompleteAdding();
        });
        Assert.Equal(Sum(Threads / 2 * Items), sum);
    }

    [Fact]
    public void Channels_are_read_by_green_threads_that_block()
    {
        var channel = Channel.CreateBounded<int>(8);
        using var ready = new CountdownEvent(Threads);
        long sum = 0;
        OsThreads producers = OsThreads.Start(OsThreadCount, producer =>
        {
            ready.Wait();
            for (int i = producer; i < Threads * Items; i += OsThreadCount)
                channel.Writer.WriteAsync(i).AsTask().GetAwaiter().GetResult();
        });
        Crowd.Run(output, Threads, _ =>
        {
            ready.Signal();
            for (int i = 0; i < Items; i++)
                Interlocked.Add(ref sum, channel.Reader.ReadAsync().AsTask().Result);
        });
        producers.Join();
        Assert.Equal(Sum(Threads * Items), sum);
    }

    // Continuations go on on green threads of the group.
    [Fact]
    public void Channels_are_read_and_written_by_async_methods_that_green_threads_wait_for()
    {
        var channel = Channel.CreateBounded<int>(8);
        long sum = 0;
        int writers = Threads / 2;
        Crowd.Run(output, Threads, thread => (thread % 2 == 0 ? ReadAsync() : WriteAsync(thread / 2)).Wait());
        Assert.Equal(Sum(Threads / 2 * Items), sum);

        async Task ReadAsync()
        {
            await foreach (int item in channel.Reader.ReadAllAsync())
                Interlocked.Add(ref sum, item);
        }

        async Task WriteAsync(int writer)
        {
            for (int i = 0; i < Items; i++)
                await channel.Writer.WriteAsync(writer * Items + i);
            if (Interlocked.Decrement(ref writers) == 0)
                channel.Writer.Complete();
        }
    }

    private static long Sum(int count) => (long)count * (count - 1) / 2;
}
