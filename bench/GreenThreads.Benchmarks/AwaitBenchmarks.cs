using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;

namespace GreenThreads.Benchmarks;

// What does it cost to wait for a task, in plain code on a green thread and with await in asynchronous code?
// Measured: one wait, with the task that is waited for (88 bytes of TaskCompletionSource and Task, except in the first pair) and the step of whoever completes it. In
// the second pair that is a party of the same kind, which is switched to and from; in the third the thread pool, to the green thread another OS thread. The
// asynchronous code of that pair is on the pool itself, where nothing needs to cross.
// Left out: waits with a token or a timeout, ends by an exception, many waiters.
[MemoryDiagnoser]
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[CategoriesColumn]
public class AwaitBenchmarks
{
    private const int Waits = 10_000;
    private const int WaitsForPool = 2_000; // A wake-up of another OS thread is far slower.
    private static readonly Task<int> s_completed = Task.FromResult(1);

    private SchedulerGroup? _group;
    private TaskCompletionSource? _pending;

    [GlobalSetup]
    public void Start() => _group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "awaiting" });

    [GlobalCleanup]
    public void Stop() => _group?.Dispose();

    [BenchmarkCategory("completed")]
    [Benchmark(Baseline = true, OperationsPerInvoke = Waits, Description = "await")]
    public int AwaitCompleted()
    {
        return SumAsync().GetAwaiter().GetResult();

        static async Task<int> SumAsync()
        {
            int sum = 0;
            for (int i = 0; i < Waits; i++)
                sum += await s_completed.ConfigureAwait(false);
            return sum;
        }
    }

    [BenchmarkCategory("completed")]
    [Benchmark(OperationsPerInvoke = Waits, Description = "GreenThread.Await")]
    public int GreenCompleted() => _group!.Spawn(static () =>
    {
        int sum = 0;
        for (int i = 0; i < Waits; i++)
            sum += GreenThread.Await(s_completed);
        return sum;
    }).Result;

    [BenchmarkCategory("by another")]
    [Benchmark(Baseline = true, OperationsPerInvoke = Waits, Description = "await, completed by the caller")]
    public void AwaitAnother()
    {
        Task waiter = WaitAsync();
        while (!waiter.IsCompleted)
            _pending!.SetResult();

        async Task WaitAsync()
        {
            for (int i = 0; i < Waits; i++)
            {
                _pending = new TaskCompletionSource();
                await _pending.Task.ConfigureAwait(false);
            }
        }
    }

    [BenchmarkCategory("by another")]
    [Benchmark(OperationsPerInvoke = Waits, Description = "GreenThread.Await, by a green thread")]
    public void GreenAnother() => _group!.Spawn(() =>
    {
        GreenThread waiter = GreenThread.Spawn(() =>
        {
            for (int i = 0; i < Waits; i++)
            {
                var task = new TaskCompletionSource();
                Volatile.Write(ref _pending, task);
                GreenThread.Await(task.Task);
            }
        });
        while (waiter.State != GreenThreadState.Ended)
        {
            Interlocked.Exchange(ref _pending, null)?.SetResult();
            GreenThread.Yield();
        }
    }).Join();

    [BenchmarkCategory("by the pool")]
    [Benchmark(Baseline = true, OperationsPerInvoke = WaitsForPool, Description = "await, completed by the pool")]
    public void AwaitPool()
    {
        WaitAsync().GetAwaiter().GetResult();

        static async Task WaitAsync()
        {
            for (int i = 0; i < WaitsForPool; i++)
                await CompletedByPool().ConfigureAwait(false);
        }
    }

    [BenchmarkCategory("by the pool")]
    [Benchmark(OperationsPerInvoke = WaitsForPool, Description = "GreenThread.Await, by the pool")]
    public void GreenPool() => _group!.Spawn(static () =>
    {
        for (int i = 0; i < WaitsForPool; i++)
            GreenThread.Await(CompletedByPool());
    }).Join();

    private static Task CompletedByPool()
    {
        var task = new TaskCompletionSource();
        ThreadPool.UnsafeQueueUserWorkItem(static task => task.SetResult(), task, preferLocal: false);
        return task.Task;
    }
}
