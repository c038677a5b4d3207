using System.Diagnostics;
using System.Globalization;

namespace GreenThreads.Benchmarks;

// Stock blocking waits on green threads, two schedulers:
//   - thousands blocked at once, in SemaphoreSlim.Wait and in Task.Delay(1000).Wait(): how long all of them take, and how many OS threads that takes;
//   - a contended lock whose owner lets others run while it holds it: how the waits for it ended;
//   - waits that are satisfied at once, against the same on an OS thread, in turns.
internal static class BlockedWaits
{
    private const int Rounds = 5;
    private static readonly CultureInfo s_culture = CultureInfo.InvariantCulture;

    internal static int Run()
    {
        Console.WriteLine($"Stock waits on green threads, {Rounds} rounds each, .NET {Environment.Version}, {Environment.ProcessorCount} processors");
        Many();
        ContendedLock();
        SatisfiedAtOnce();
        return 0;
    }

    private static void Many()
    {
        Console.WriteLine();
        Console.WriteLine("| blocked at once in SemaphoreSlim.Wait | in Task.Delay(1000).Wait() | all ended after: median ms | min | max | OS threads at most | afterwards |");
        Console.WriteLine("|---:|---:|---:|---:|---:|---:|---:|");
        foreach ((int semaphore, int delay) in new[] { (10_000, 0), (0, 10_000), (10_000, 10_000) })
        {
            (double Milliseconds, int Threads, int Left)[] results = [.. Enumerable.Range(0, Rounds).Select(_ => Block(semaphore, delay))];
            double[] times = [.. results.Select(static result => result.Milliseconds).Order()];
            Console.WriteLine(string.Create(s_culture,
                $"| {semaphore:N0} | {delay:N0} | {times[Rounds / 2]:F0} | {times[0]:F0} | {times[^1]:F0} | {results.Max(static result => result.Threads)} | {results[^1].Left} |"));
        }
    }

    // The semaphore is released when the delays are over, so that all are blocked at the same time; without delays, as soon as all wait.
    private static (double Milliseconds, int Threads, int Left) Block(int semaphoreWaiters, int delays)
    {
        int threads = 0;
        using var sampler = new Timer(_ => threads = Math.Max(threads, CountOsThreads()), null, TimeSpan.Zero, TimeSpan.FromMilliseconds(20));
        double milliseconds;
        using (var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2 }))
        using (var semaphore = new SemaphoreSlim(0))
        {
            var clock = Stopwatch.StartNew();
            GreenThread[] waiting = [.. Enumerable.Range(0, semaphoreWaiters).Select(_ => group.Spawn(() => semaphore.Wait()))];
            GreenThread[] delayed = [.. Enumerable.Range(0, delays).Select(_ => group.Spawn(() => Task.Delay(1000).Wait()))];
            foreach (GreenThread thread in delayed)
                thread.Join();
            while (group.Snapshot().Parked < semaphoreWaiters)
                Thread.Sleep(10);
            if (semaphoreWaiters > 0)
                semaphore.Release(semaphoreWaiters);
            foreach (GreenThread thread in waiting)
                thread.Join();
            milliseconds = clock.Elapsed.TotalMilliseconds;
        }
        return (milliseconds, threads, CountOsThreads());
    }

    private static void ContendedLock()
    {
        const int count = 50;
        const int turns = 1_000;
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1 });
        object gate = new();
        int taken = 0;
        GreenThread[] threads = [.. Enumerable.Range(0, count).Select(_ => group.Spawn(() =>
        {
            for (int i = 0; i < turns; i++)
            {
                lock (gate)
                {
                    taken++;
                    GreenThread.Yield();
                }
            }
        }))];
        foreach (GreenThread thread in threads)
            thread.Join();
        ManagedWaits waits = group.Snapshot().Schedulers[0].ManagedWaits;
        long all = waits.AtOnce + waits.AfterYield + waits.HandedOver;
        Console.WriteLine();
        Console.WriteLine(string.Create(s_culture,
            $"A lock that {count} green threads of one scheduler took {taken:N0} times, each yielding while it held it: {all:N0} waits, {waits.AtOnce:N0} of them over at once, {waits.AfterYield:N0} after yielding, {waits.HandedOver:N0} handed to a waiter thread: {1 - (double)waits.HandedOver / all:P2} without one."));
    }

    private static void SatisfiedAtOnce()
    {
        const int count = 200_000;
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2 });
        using var set = new ManualResetEvent(true);
        using var turn = new AutoResetEvent(false);
        using var semaphore = new SemaphoreSlim(0);
        (string Name, Action Wait)[] waits =
        [
            ("ManualResetEvent.WaitOne", () => set.WaitOne()),
            ("AutoResetEvent.Set, WaitOne", () => { turn.Set(); turn.WaitOne(); }),
            ("WaitHandle.WaitAny", () => WaitHandle.WaitAny([turn, set])),
            ("SemaphoreSlim.Release, Wait", () => { semaphore.Release(); semaphore.Wait(); }),
            ("Task.Wait", static () => Task.CompletedTask.Wait()),
        ];
        Console.WriteLine();
        Console.WriteLine("| satisfied at once | OS thread, median ns | green thread | median ratio | min | max |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|");
        foreach ((string name, Action wait) in waits)
        {
            // Two rounds to warm up; then in turns, so that both meet the same noise.
            var pairs = new List<(double Os, double Green)>();
            for (int round = -2; round < 2 * Rounds; round++)
            {
                double os = Task.Factory.StartNew(() => Time(count, wait), TaskCreationOptions.LongRunning).Result;
                double green = group.Spawn(() => Time(count, wait)).Result;
                if (round >= 0)
                    pairs.Add((os, green));
            }
            double[] ratios = [.. pairs.Select(static pair => pair.Green / pair.Os).Order()];
            Console.WriteLine(string.Create(s_culture,
                $"| {name} | {Median(pairs.Select(static pair => pair.Os)):F0} | {Median(pairs.Select(static pair => pair.Green)):F0} | {Median(ratios):F2} | {ratios[0]:F2} | {ratios[^1]:F2} |"));
        }
    }

    private static double Time(int count, Action wait)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
            wait();
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / count;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static int CountOsThreads() => Directory.GetDirectories("/proc/self/task").Length;
}
