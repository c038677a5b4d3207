using System.Globalization;

namespace GreenThreads.TestProcess;

/// <summary>So many green threads at once in waits of the framework: how many OS threads that takes, and what is left when they are over.</summary>
internal static class WaitManyScenario
{
    private static int s_mostOsThreads;

    internal static int Run(string[] args)
    {
        int count = int.Parse(args[0], CultureInfo.InvariantCulture);
        bool stop = false;
        var watcher = new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                s_mostOsThreads = Math.Max(s_mostOsThreads, CountOf("task"));
                Thread.Sleep(10);
            }
        });
        watcher.Start();
        // What is made once in the process.
        Wait(new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2, Name = "warm" }), 100);
        Console.WriteLine("warm"); // The console opens descriptors when it is first used.
        int descriptors = CountOf("fd");
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2, Name = "many" });
        (int semaphoreEnded, int delayEnded, ManagedWaits waits) = Wait(group, count);
        Volatile.Write(ref stop, true);
        watcher.Join();
        Console.WriteLine($"semaphore_ended={semaphoreEnded}");
        Console.WriteLine($"delay_ended={delayEnded}");
        Console.WriteLine($"waits={waits}");
        Console.WriteLine($"most_os_threads={s_mostOsThreads}");
        Console.WriteLine($"descriptors_before={descriptors}");
        Console.WriteLine($"descriptors_after={CountOf("fd")}");
        // Its waiter threads end within the Dispose; the system shows them for a moment longer. What remains are those of the pool and the runtime.
        SpinWait.SpinUntil(static () => CountOfGroup() == 0, TimeSpan.FromSeconds(30));
        Console.WriteLine($"group_threads_after={CountOfGroup()}");
        Console.WriteLine($"waits_after={group.Snapshot().WaiterThreads + group.Snapshot().Parked}");
        return 0;
    }

    private static (int SemaphoreEnded, int DelayEnded, ManagedWaits Waits) Wait(SchedulerGroup group, int count)
    {
        using (group)
        {
            using var semaphore = new SemaphoreSlim(0);
            GreenThread[] threads = [.. Enumerable.Range(0, count).Select(_ => group.Spawn(semaphore.Wait))];
            while (!threads.All(static thread => thread.State == GreenThreadState.Parked))
                Thread.Sleep(5);
            semaphore.Release(count);
            int semaphoreEnded = CountEnded(threads);
            int delayEnded = CountEnded([.. Enumerable.Range(0, count).Select(_ => group.Spawn(static () => Task.Delay(1000).Wait()))]);
            IReadOnlyList<SchedulerSnapshot> schedulers = group.Snapshot().Schedulers;
            return (semaphoreEnded, delayEnded, new ManagedWaits
            {
                AtOnce = schedulers.Sum(static scheduler => scheduler.ManagedWaits.AtOnce),
                AfterYield = schedulers.Sum(static scheduler => scheduler.ManagedWaits.AfterYield),
                HandedOver = schedulers.Sum(static scheduler => scheduler.ManagedWaits.HandedOver),
                LookedAt = schedulers.Sum(static scheduler => scheduler.ManagedWaits.LookedAt),
            });
        }
    }

    private static int CountEnded(GreenThread[] threads)
    {
        foreach (GreenThread thread in threads)
            thread.Join();
        return threads.Length;
    }

    private static int CountOf(string what) => Directory.EnumerateFileSystemEntries($"/proc/self/{what}").Count();

    private static int CountOfGroup() => OsThreadNames().Count(static name => name.StartsWith("many", StringComparison.Ordinal));

    private static IEnumerable<string> OsThreadNames() => Directory.EnumerateDirectories("/proc/self/task").Select(static task =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm"));
        }
        catch (IOException)
        {
            return "";
        }
    });
}
