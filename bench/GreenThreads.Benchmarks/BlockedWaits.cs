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
                Thread.Sleep(50); // Each look takes a millisecond or two from those that are looked at.
            if (semaphoreWaiters > 0)
                semaphore.Release(semaphoreWaiters);
            foreach (GreenThread thread in waiting)
                thread.Join();
            milliseconds = clock.Elapsed.TotalMilliseconds;
        }
        Thread.Sleep(500); // The system takes a moment to bury threads that have ended.
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
        const int count = 50_000;
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
        Console.WriteLine("| satisfied at once | OS thread: median ns | min | max | green thread: median ns | min | max | ratio of medians |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|---:|");
        foreach ((string name, Action wait) in waits)
        {
            // Some rounds to warm up; then in turns, so that both meet the same noise.
            const int warmUp = 5;
            var os = new List<double>();
            var green = new List<double>();
            for (int round = -warmUp; round < 5 * Rounds; round++)
            {
                double onOsThread = Task.Factory.StartNew(() => Time(count, wait), TaskCreationOptions.LongRunning).Result;
                double onGreenThread = group.Spawn(() => Time(count, wait)).Result;
                if (round < 0)
                    continue;
                os.Add(onOsThread);
                green.Add(onGreenThread);
            }
            os.Sort();
            green.Sort();
            Console.WriteLine(string.Create(s_culture,
                $"| {name} | {Median(os):F0} | {os[0]:F0} | {os[^1]:F0} | {Median(green):F0} | {green[0]:F0} | {green[^1]:F0} | {Median(green) / Median(os):F2} |"));
        }
    }

    private static double Time(int count, Action wait)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
            wait();
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / count;
    }

    private static double Median(List<double> sorted) => sorted[sorted.Count / 2];

    private static int CountOsThreads() => Directory.GetDirectories("/proc/self/task").Length;
}
