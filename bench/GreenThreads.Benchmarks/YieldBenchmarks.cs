using BenchmarkDotNet.Attributes;

namespace GreenThreads.Benchmarks;

// What does it cost to let the other one run?
// Measured: one yield of two parties that both always have something to do, so that each yield is a switch.
// Left out: their creation and end, which are one part in 50,000; waiting for anything; a second OS thread.
// Task.Yield has two rows: on a queue that is as lean as one can write it, without a lock (the baseline), and on the framework's own scheduler of
// one task at a time. The loops run inside green threads: BenchmarkDotNet's own thread is a plain OS thread.
[MemoryDiagnoser]
public class YieldBenchmarks
{
    private const int Yields = 100_000;
    private const int HandOvers = 2_000; // An OS thread is a thousand times slower.

    // With two schedulers each party would soon have one to itself, and a yield nobody to switch to.
    private static readonly Lazy<SchedulerGroup> s_one = new(static () => new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "yield" }));

    [Benchmark(Baseline = true, OperationsPerInvoke = Yields, Description = "Task.Yield, lean queue")]
    public void TaskYield()
    {
        SingleThreadedContext.Run(static () => Task.WhenAll(LoopAsync(), LoopAsync()));
    }

    [Benchmark(OperationsPerInvoke = Yields, Description = "Task.Yield, exclusive scheduler")]
    public void TaskYieldExclusive()
    {
        TaskScheduler scheduler = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;
        Task.Factory.StartNew(static () => Task.WhenAll(LoopAsync(), LoopAsync()), CancellationToken.None, TaskCreationOptions.None, scheduler)
            .Unwrap().GetAwaiter().GetResult();
    }

    [Benchmark(OperationsPerInvoke = Yields, Description = "GreenThread.Yield")]
    public void GreenYield()
    {
        s_one.Value.Spawn(static () =>
        {
            GreenThread one = GreenThread.Spawn(Loop);
            GreenThread two = GreenThread.Spawn(Loop);
            one.Join();
            two.Join();
        }).Join();

        static void Loop()
        {
            for (int i = 0; i < Yields / 2; i++)
                GreenThread.Yield();
        }
    }

    [Benchmark(OperationsPerInvoke = HandOvers, Description = "OS threads, SemaphoreSlim in turn")]
    public void OsThreads()
    {
        using var ping = new SemaphoreSlim(0);
        using var pong = new SemaphoreSlim(0);
        var other = new Thread(() =>
        {
            for (int i = 0; i < HandOvers / 2; i++)
            {
                ping.Wait();
                pong.Release();
            }
        });
        other.Start();
        for (int i = 0; i < HandOvers / 2; i++)
        {
            ping.Release();
            pong.Wait();
        }
        other.Join();
    }

    private static async Task LoopAsync()
    {
        for (int i = 0; i < Yields / 2; i++)
            await Task.Yield();
    }
}
