using System.Threading.Channels;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;

namespace GreenThreads.Benchmarks;

// What does it cost to hand something to another, and to have an answer?
// Measured, "round trip": one item there and one back between two parties over two channels without a buffer: two sends, two receives, two switches. "hop": one
// item from a party to the next in a ring, each with a channel of its own; all but one wait at any time. A ring of ten stays in the first cache, one of a hundred does not. "stream": one item of many through a
// buffer of 128 from one party to another.
// The asynchronous code has one scheduler too, as lean as one can write it (SingleThreadedContext), and the thread pool. A Channel<T> of capacity 0 is a rendezvous.
// Left out: several OS threads, completion, cancellation.
[MemoryDiagnoser]
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[CategoriesColumn]
public class ChannelBenchmarks
{
    private const int RoundTrips = 20_000;
    private const int RingSize = 100;
    private const int Laps = 1_000; // So that making the ring does not count.
    private const int SmallRingSize = 10;
    private const int Items = 50_000;

    private SchedulerGroup? _group;

    [GlobalSetup]
    public void Start() => _group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "channels" });

    [GlobalCleanup]
    public void Stop() => _group?.Dispose();

    [BenchmarkCategory("round trip")]
    [Benchmark(Baseline = true, OperationsPerInvoke = RoundTrips, Description = "Channel<T>, await, thread pool")]
    public Task PoolRoundTrip() => Task.Run(RoundTripAsync);

    [BenchmarkCategory("round trip")]
    [Benchmark(OperationsPerInvoke = RoundTrips, Description = "Channel<T>, await, lean queue")]
    public void LeanRoundTrip() => SingleThreadedContext.Run(RoundTripAsync);

    [BenchmarkCategory("round trip")]
    [Benchmark(OperationsPerInvoke = RoundTrips, Description = "SemaphoreSlim.WaitAsync, lean queue")]
    public void SemaphoreRoundTrip() => SingleThreadedContext.Run(static async () =>
    {
        using var there = new SemaphoreSlim(0);
        using var back = new SemaphoreSlim(0);
        Task other = AnswerAsync(there, back);
        for (int i = 0; i < RoundTrips; i++)
        {
            there.Release();
            await back.WaitAsync();
        }
        await other;

        static async Task AnswerAsync(SemaphoreSlim there, SemaphoreSlim back)
        {
            for (int i = 0; i < RoundTrips; i++)
            {
                await there.WaitAsync();
                back.Release();
            }
        }
    });

    [BenchmarkCategory("round trip")]
    [Benchmark(OperationsPerInvoke = RoundTrips, Description = "GreenChannel")]
    public void GreenRoundTrip() => _group!.Spawn(static () =>
    {
        GreenChannel<int> there = GreenChannel.Rendezvous<int>(), back = GreenChannel.Rendezvous<int>();
        GreenThread other = GreenThread.Spawn(() =>
        {
            for (int i = 0; i < RoundTrips; i++)
                back.Send(there.Receive());
        });
        for (int i = 0; i < RoundTrips; i++)
        {
            there.Send(i);
            back.Receive();
        }
        other.Join();
    }).Join();

    [BenchmarkCategory("hop")]
    [Benchmark(Baseline = true, OperationsPerInvoke = RingSize * Laps, Description = "Channel<T>, await, thread pool")]
    public Task PoolHop() => Task.Run(RingAsync);

    [BenchmarkCategory("hop")]
    [Benchmark(OperationsPerInvoke = RingSize * Laps, Description = "Channel<T>, await, lean queue")]
    public void LeanHop() => SingleThreadedContext.Run(RingAsync);

    [BenchmarkCategory("hop")]
    [Benchmark(OperationsPerInvoke = RingSize * Laps, Description = "GreenChannel")]
    public void GreenHop() => RunRing(RingSize, Laps);

    [BenchmarkCategory("hop")]
    [Benchmark(OperationsPerInvoke = RingSize * Laps, Description = "GreenChannel, ring of ten")]
    public void GreenHopOfTen() => RunRing(SmallRingSize, RingSize * Laps / SmallRingSize);

    [BenchmarkCategory("stream")]
    [Benchmark(Baseline = true, OperationsPerInvoke = Items, Description = "Channel<T>, await, thread pool")]
    public Task PoolStream() => Task.Run(StreamAsync);

    [BenchmarkCategory("stream")]
    [Benchmark(OperationsPerInvoke = Items, Description = "Channel<T>, await, lean queue")]
    public void LeanStream() => SingleThreadedContext.Run(StreamAsync);

    [BenchmarkCategory("stream")]
    [Benchmark(OperationsPerInvoke = Items, Description = "GreenChannel")]
    public int GreenStream() => _group!.Spawn(static () =>
    {
        GreenChannel<int> channel = GreenChannel.Bounded<int>(128);
        GreenThread sender = GreenThread.Spawn(() =>
        {
            for (int i = 0; i < Items; i++)
                channel.Send(i);
            channel.Complete();
        });
        int sum = 0;
        foreach (int item in channel)
            sum += item;
        sender.Join();
        return sum;
    }).Result;

    private void RunRing(int size, int laps) => _group!.Spawn(() =>
    {
        GreenChannel<int>[] ring = [.. Enumerable.Range(0, size).Select(static _ => GreenChannel.Rendezvous<int>())];
        GreenThread[] nodes = [.. Enumerable.Range(1, size - 1).Select(i => GreenThread.Spawn(() =>
        {
            GreenChannel<int> before = ring[i], after = ring[(i + 1) % size];
            for (int lap = 0; lap < laps; lap++)
                after.Send(before.Receive() + 1);
        }))];
        for (int lap = 0; lap < laps; lap++)
        {
            ring[1].Send(0);
            ring[0].Receive();
        }
        foreach (GreenThread node in nodes)
            node.Join();
    }).Join();

    private static async Task RoundTripAsync()
    {
        Channel<int> there = Channel.CreateBounded<int>(0), back = Channel.CreateBounded<int>(0);
        Task other = AnswerAsync(there, back);
        for (int i = 0; i < RoundTrips; i++)
        {
            await there.Writer.WriteAsync(i);
            await back.Reader.ReadAsync();
        }
        await other;

        static async Task AnswerAsync(Channel<int> there, Channel<int> back)
        {
            for (int i = 0; i < RoundTrips; i++)
                await back.Writer.WriteAsync(await there.Reader.ReadAsync());
        }
    }

    private static async Task RingAsync()
    {
        Channel<int>[] ring = [.. Enumerable.Range(0, RingSize).Select(static _ => Channel.CreateBounded<int>(0))];
        Task[] nodes = [.. Enumerable.Range(1, RingSize - 1).Select(i => PassAsync(ring[i], ring[(i + 1) % RingSize]))];
        for (int lap = 0; lap < Laps; lap++)
        {
            await ring[1].Writer.WriteAsync(0);
            await ring[0].Reader.ReadAsync();
        }
        await Task.WhenAll(nodes);

        static async Task PassAsync(Channel<int> before, Channel<int> after)
        {
            for (int lap = 0; lap < Laps; lap++)
                await after.Writer.WriteAsync(await before.Reader.ReadAsync() + 1);
        }
    }

    private static async Task<int> StreamAsync()
    {
        Channel<int> channel = Channel.CreateBounded<int>(128);
        Task sender = SendAsync(channel);
        int sum = 0;
        await foreach (int item in channel.Reader.ReadAllAsync())
            sum += item;
        await sender;
        return sum;

        static async Task SendAsync(Channel<int> channel)
        {
            for (int i = 0; i < Items; i++)
                await channel.Writer.WriteAsync(i);
            channel.Writer.Complete();
        }
    }
}
