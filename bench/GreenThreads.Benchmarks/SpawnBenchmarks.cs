using BenchmarkDotNet.Attributes;

namespace GreenThreads.Benchmarks;

// What does it cost to run an empty body elsewhere and wait for it?
// Measured: spawn and join, one at a time, from a party of the same kind.
// Left out: the first use of each stack (it comes from the pool), bodies that park, and many at once.
[MemoryDiagnoser]
public class SpawnBenchmarks
{
    private const int Spawns = 10_000;
    private const int ThreadSpawns = 100;

    [Benchmark(Baseline = true, OperationsPerInvoke = Spawns, Description = "await Task.Run")]
    public void TaskRun()
    {
        Task.Run(static async () =>
        {
            for (int i = 0; i < Spawns; i++)
                await Task.Run(static () => { }).ConfigureAwait(false);
        }).GetAwaiter().GetResult();
    }

    [Benchmark(OperationsPerInvoke = Spawns, Description = "GreenThread.Spawn, Join")]
    public void GreenSpawn()
    {
        GreenThread.Spawn(static () =>
        {
            for (int i = 0; i < Spawns; i++)
                GreenThread.Spawn(static () => { }).Join();
        }).Join();
    }

    [Benchmark(OperationsPerInvoke = ThreadSpawns, Description = "Thread.Start, Join")]
    public void OsThread()
    {
        for (int i = 0; i < ThreadSpawns; i++)
        {
            var thread = new Thread(static () => { });
            thread.Start();
            thread.Join();
        }
    }
}
