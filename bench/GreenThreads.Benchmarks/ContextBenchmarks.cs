using BenchmarkDotNet.Attributes;

namespace GreenThreads.Benchmarks;

// What do contexts and thread statics add to a short green thread?
// Measured: spawn and join, one at a time, on one scheduler: with an empty context, with values that flow, with suppressed flow; with thread statics that the
// last tenant of the coroutine left, and with fresh ones, which the runtime has to allocate for whoever touches one.
// Left out: contexts with change notifications, such as a culture; classes that can be unloaded, whose coroutine is given up; what a cold cache of a
// library costs that keeps it in a thread static.
[MemoryDiagnoser]
public class ContextBenchmarks
{
    internal const int Spawns = 10_000;

    private static readonly AsyncLocal<object?> s_local = new();
    private static readonly ThreadLocal<object> s_threadLocal = new(static () => new object());

    [ThreadStatic]
    private static int t_number;

    private SchedulerGroup _keeping = null!;
    private SchedulerGroup _fresh = null!;

    [GlobalSetup]
    public void Start()
    {
        _keeping = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        _fresh = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, FreshThreadStatics = true });
    }

    [GlobalCleanup]
    public void End()
    {
        _keeping.Dispose();
        _fresh.Dispose();
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Spawns, Description = "empty context")]
    public void Empty() => SpawnAll(_keeping, static () => { });

    [Benchmark(OperationsPerInvoke = Spawns, Description = "an AsyncLocal flows")]
    public void AsyncLocalFlows() => _keeping.Spawn(static () =>
    {
        s_local.Value = s_local;
        for (int i = 0; i < Spawns; i++)
            GreenThread.Spawn(static () => { }).Join();
    }).Join();

    [Benchmark(OperationsPerInvoke = Spawns, Description = "an AsyncLocal, flow suppressed")]
    public void FlowSuppressed() => _keeping.Spawn(static () =>
    {
        s_local.Value = s_local;
        ExecutionContext.SuppressFlow();
        for (int i = 0; i < Spawns; i++)
            GreenThread.Spawn(static () => { }).Join();
    }).Join();

    [Benchmark(OperationsPerInvoke = Spawns, Description = "the body sets an AsyncLocal")]
    public void AsyncLocalSet() => SpawnAll(_keeping, static () => s_local.Value = s_local);

    [Benchmark(OperationsPerInvoke = Spawns, Description = "a thread static, kept")]
    public void KeptThreadStatic() => SpawnAll(_keeping, static () => t_number++);

    [Benchmark(OperationsPerInvoke = Spawns, Description = "a ThreadLocal, kept")]
    public void KeptThreadLocal() => SpawnAll(_keeping, static () => _ = s_threadLocal.Value);

    [Benchmark(OperationsPerInvoke = Spawns, Description = "fresh, none touched")]
    public void Fresh() => SpawnAll(_fresh, static () => { });

    [Benchmark(OperationsPerInvoke = Spawns, Description = "a thread static, fresh")]
    public void FreshThreadStatic() => SpawnAll(_fresh, static () => t_number++);

    [Benchmark(OperationsPerInvoke = Spawns, Description = "a ThreadLocal, fresh")]
    public void FreshThreadLocal() => SpawnAll(_fresh, static () => _ = s_threadLocal.Value);

    private static void SpawnAll(SchedulerGroup group, Action body) => group.Spawn(() =>
    {
        for (int i = 0; i < Spawns; i++)
            GreenThread.Spawn(body).Join();
    }).Join();
}
