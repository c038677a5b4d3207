using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;

namespace GreenThreads.Benchmarks;

// What does a lock cost that nobody else wants, and one that a hundred want?
// Measured, "free": entering and leaving once, on a green thread. "wanted": the same by a hundred green threads of one scheduler, each of which yields once while it
// owns the lock, so that it meets the others; asynchronous code in the same way.
// Left out: several OS threads (a lock that moves between processors costs what the processors' caches cost), waits with a timeout or a token.
[MemoryDiagnoser]
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[CategoriesColumn]
public class LockBenchmarks
{
    private const int Rounds = 100_000;
    private const int Parties = 100;
    private const int RoundsEach = 50;

    private readonly object _object = new();
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _slim = new(1);
    private readonly GreenMutex _mutex = new();
    private readonly GreenSemaphore _semaphore = new(1);
    private SchedulerGroup? _group;
    private int _count;

    [GlobalSetup]
    public void Start() => _group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "locks" });

    [GlobalCleanup]
    public void Stop()
    {
        _group?.Dispose();
        _slim.Dispose();
    }

    [BenchmarkCategory("free")]
    [Benchmark(Baseline = true, OperationsPerInvoke = Rounds, Description = "lock (object)")]
    public void FreeMonitor() => Run(() =>
    {
        for (int i = 0; i < Rounds; i++)
        {
            lock (_object)
                _count++;
        }
    });

    [BenchmarkCategory("free")]
    [Benchmark(OperationsPerInvoke = Rounds, Description = "lock (Lock)")]
    public void FreeLock() => Run(() =>
    {
        for (int i = 0; i < Rounds; i++)
        {
            lock (_lock)
                _count++;
        }
    });

    [BenchmarkCategory("free")]
    [Benchmark(OperationsPerInvoke = Rounds, Description = "GreenMutex")]
    public void FreeMutex() => Run(() =>
    {
        for (int i = 0; i < Rounds; i++)
        {
            using (_mutex.Lock())
                _count++;
        }
    });

    [BenchmarkCategory("free")]
    [Benchmark(OperationsPerInvoke = Rounds, Description = "SemaphoreSlim.WaitAsync")]
    public Task FreeWaitAsync() => Task.Run(async () =>
    {
        for (int i = 0; i < Rounds; i++)
        {
            await _slim.WaitAsync();
            _count++;
            _slim.Release();
        }
    });

    [BenchmarkCategory("free")]
    [Benchmark(OperationsPerInvoke = Rounds, Description = "GreenSemaphore")]
    public void FreeSemaphore() => Run(() =>
    {
        for (int i = 0; i < Rounds; i++)
        {
            _semaphore.Wait();
            _count++;
            _semaphore.Release();
        }
    });

    [BenchmarkCategory("wanted")]
    [Benchmark(Baseline = true, OperationsPerInvoke = Parties * RoundsEach, Description = "lock (object)")]
    public void WantedMonitor() => RunAll(() =>
    {
        lock (_object)
        {
            _count++;
            GreenThread.Yield();
        }
    });

    [BenchmarkCategory("wanted")]
    [Benchmark(OperationsPerInvoke = Parties * RoundsEach, Description = "GreenMutex")]
    public void WantedMutex() => RunAll(() =>
    {
        using (_mutex.Lock())
        {
            _count++;
            GreenThread.Yield();
        }
    });

    [BenchmarkCategory("wanted")]
    [Benchmark(OperationsPerInvoke = Parties * RoundsEach, Description = "GreenSemaphore")]
    public void WantedSemaphore() => RunAll(() =>
    {
        _semaphore.Wait();
        _count++;
        GreenThread.Yield();
        _semaphore.Release();
    });

    [BenchmarkCategory("wanted")]
    [Benchmark(OperationsPerInvoke = Parties * RoundsEach, Description = "SemaphoreSlim.WaitAsync, lean queue")]
    public void WantedWaitAsync() => SingleThreadedContext.Run(() => Task.WhenAll(Enumerable.Range(0, Parties).Select(async _ =>
    {
        for (int i = 0; i < RoundsEach; i++)
        {
            await _slim.WaitAsync();
            _count++;
            await Task.Yield();
            _slim.Release();
        }
    })));

    private void Run(Action body) => _group!.Spawn(body).Join();

    private void RunAll(Action round) => Run(() =>
    {
        GreenThread[] all = [.. Enumerable.Range(0, Parties).Select(_ => GreenThread.Spawn(() =>
        {
            for (int i = 0; i < RoundsEach; i++)
                round();
        }))];
        foreach (GreenThread one in all)
            one.Join();
    });
}
