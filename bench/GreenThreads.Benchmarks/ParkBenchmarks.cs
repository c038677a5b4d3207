using BenchmarkDotNet.Attributes;

namespace GreenThreads.Benchmarks;

// What does it cost to wake another and wait to be woken, on one scheduler and across two?
// Measured: one hand-over of two parties that unpark each other in turn, so that never both run.
// Left out: many pairs at once (see "scaling"). The two schedulers are those of two groups: in one group the woken would follow its waker, and the two
// would be together again after the first hand-over.
[MemoryDiagnoser]
public class ParkBenchmarks
{
    private const int HandOvers = 10_000;
    private const int HandOversAcross = 2_000; // A wake-up of another OS thread is far slower.

    private SchedulerGroup? _one;
    private SchedulerGroup? _other;

    [GlobalSetup]
    public void Start()
    {
        _one = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "one" });
        _other = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "other" });
    }

    [GlobalCleanup]
    public void Stop()
    {
        _one?.Dispose();
        _other?.Dispose();
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = HandOversAcross, Description = "OS threads, SemaphoreSlim")]
    public void OsThreads()
    {
        using var ping = new SemaphoreSlim(0);
        using var pong = new SemaphoreSlim(0);
        var other = new Thread(() =>
        {
            for (int i = 0; i < HandOversAcross / 2; i++)
            {
                ping.Wait();
                pong.Release();
            }
        });
        other.Start();
        for (int i = 0; i < HandOversAcross / 2; i++)
        {
            ping.Release();
            pong.Wait();
        }
        other.Join();
    }

    [Benchmark(OperationsPerInvoke = HandOvers, Description = "Park, Unpark on one scheduler")]
    public void OneScheduler() => HandOver(_one!, _one!, HandOvers);

    [Benchmark(OperationsPerInvoke = HandOversAcross, Description = "Park, Unpark across two")]
    public void TwoSchedulers() => HandOver(_one!, _other!, HandOversAcross);

    private static void HandOver(SchedulerGroup one, SchedulerGroup other, int count)
    {
        one.Spawn(() =>
        {
            GreenThread self = GreenThread.Current!;
            GreenThread partner = other.Spawn(() =>
            {
                for (int i = 0; i < count / 2; i++)
                {
                    GreenThread.Park();
                    self.Unpark();
                }
            });
            for (int i = 0; i < count / 2; i++)
            {
                partner.Unpark();
                GreenThread.Park();
            }
            partner.Join();
        }).Join();
    }
}
