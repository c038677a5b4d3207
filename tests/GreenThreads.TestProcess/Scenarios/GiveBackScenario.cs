using System.Globalization;

namespace GreenThreads.TestProcess;

// Spikes of green threads, after each of which most of the idle coroutines are ended, while the next spike begins, others collect in every way,
// green threads go on to run on those that are left, and OS threads come and go. Green threads use what belongs to a Thread: thread statics, the Thread object,
// locks, exceptions, execution contexts. Whatever an ended Thread left behind shows as a crash, a wrong value or a count that does not fall.
internal static class GiveBackScenario
{
    private static readonly AsyncLocal<object?> s_flowing = new();
    private static readonly ThreadLocal<List<int>> s_local = new(static () => []);
    private static readonly Lock s_lock = new();
    private static readonly object s_monitor = new();

    [ThreadStatic]
    private static object? t_reference;

    [ThreadStatic]
    private static long t_primitive;

    private static volatile bool s_stop;
    private static long s_ran;
    private static int s_wrong;
    private static int s_locked;

    internal static int Run(string[] args)
    {
        // Each scheduler keeps some idle coroutines, so how many schedulers there are must not depend on the machine.
        SchedulerGroup.ConfigureDefault(new SchedulerGroupOptions { Schedulers = 2 });
        int count = int.Parse(args[0], CultureInfo.InvariantCulture);
        int rounds = int.Parse(args[1], CultureInfo.InvariantCulture);
        if (GreenRuntime.Mode == GreenRuntimeMode.Bound)
        {
            Console.WriteLine("given_back=no coroutines in bound mode");
            return 2;
        }
        Console.WriteLine($"given_back={CoroutineReaper.Describe()}");
        Thread[] disturbers = [Start(Collect), Start(StartOsThreads), Start(RunBystanders)];
        int ended = 0;
        int largest = 0;
        Thread? reaper = null;
        CoroutineReserve reserve = CoroutineReserve.Of(StackArena.DefaultStride);
        for (int round = 0; round < rounds; round++)
        {
            Spike(count);
            largest = Math.Max(largest, RuntimeThreads.Count);
            reaper?.Join();
            reaper = Start(() => Interlocked.Add(ref ended, reserve.Shrink(count * 9 / 10)));
            Console.WriteLine($"# round {round}: ended {Volatile.Read(ref ended)} so far, {reserve.Count} rest, {RuntimeThreads.Count} Threads, {IdleCostScenario.ResidentKilobytes()} KB");
        }
        reaper?.Join();
        s_stop = true;
        foreach (Thread thread in disturbers)
            thread.Join();
        ended += reserve.Shrink(int.MaxValue);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Console.WriteLine($"ended={ended}");
        Console.WriteLine($"ran={s_ran}");
        Console.WriteLine($"wrong={s_wrong}");
        Console.WriteLine($"largest={largest}");
        Console.WriteLine($"threads={RuntimeThreads.Count}");
        Console.WriteLine($"collections={GC.CollectionCount(0)}");
        return s_wrong == 0 ? 0 : 1;
    }

    private static Thread Start(ThreadStart body)
    {
        var thread = new Thread(body) { IsBackground = true };
        thread.Start();
        return thread;
    }

    // As many coroutines as green threads: all of them are parked at once. The group's end puts them into the reserve.
    private static void Spike(int count)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2, Name = "spike" });
        int parked = 0;
        var threads = new GreenThread[count];
        for (int i = 0; i < count; i++)
        {
            threads[i] = group.Spawn(() =>
            {
                Work(() =>
                {
                    Interlocked.Increment(ref parked);
                    GreenThread.Park();
                });
            });
        }
        Waiting.Until(() => Volatile.Read(ref parked) == count || s_wrong > 0);
        foreach (GreenThread thread in threads)
            thread.Unpark();
        foreach (GreenThread thread in threads)
            thread.Join();
    }

    private static void RunBystanders()
    {
        while (!s_stop)
        {
            var threads = new GreenThread[50];
            for (int i = 0; i < threads.Length; i++)
                threads[i] = GreenThread.Spawn(() => Work(GreenThread.Yield));
            foreach (GreenThread thread in threads)
                thread.Join();
        }
    }

    private static void Work(Action park)
    {
        long number = Interlocked.Increment(ref s_ran);
        int id = Environment.CurrentManagedThreadId;
        object reference = "reference" + number;
        t_reference = reference;
        t_primitive = number;
        s_flowing.Value = reference;
        int locals = s_local.Value!.Count;
        s_local.Value.Add(id);
        Thread exposed = Thread.CurrentThread;
        park();
        try
        {
            throw new InvalidOperationException(number.ToString(CultureInfo.InvariantCulture));
        }
        catch (InvalidOperationException exception) when (exception.Message.Length > 0)
        {
            Check(t_reference == reference);
        }
        lock (s_lock)
        {
            Check(Interlocked.Increment(ref s_locked) == 1);
            lock (s_monitor)
                Check(Interlocked.Decrement(ref s_locked) == 0);
        }
        Check(t_primitive == number && s_flowing.Value == reference);
        Check(s_local.Value!.Count == locals + 1 && s_local.Value[locals] == id);
        Check(Thread.CurrentThread == exposed && exposed.ManagedThreadId == id && exposed.IsAlive);
        GC.KeepAlive(new byte[number % 3000]);
    }

    private static void Check(bool condition)
    {
        if (!condition)
            Interlocked.Increment(ref s_wrong);
    }

    private static void Collect()
    {
        var random = new Random(1);
        while (!s_stop)
        {
            switch (random.Next(10))
            {
                case 0:
                    GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
                    break;
                case 1:
                    GC.Collect(2, GCCollectionMode.Forced, blocking: false);
                    break;
                default:
                    GC.Collect(random.Next(2));
                    break;
            }
            Thread.Sleep(random.Next(4));
        }
    }

    private static void StartOsThreads()
    {
        while (!s_stop)
        {
            var thread = new Thread(static () => Work(static () => Thread.Sleep(1)));
            thread.Start();
            thread.Join();
        }
    }
}
