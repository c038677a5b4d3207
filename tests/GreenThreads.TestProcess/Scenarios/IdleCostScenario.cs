using System.Diagnostics;
using System.Globalization;

namespace GreenThreads.TestProcess;

// What idle coroutines cost: memory, and the time of collections, medians of seven; and what of it is left once the reserve has given them back, all
// or all but some. The heap is all but empty, so what a collection takes is the Threads.
//
//   idle-cost COUNT [KEPT [collecting]]     collecting: somebody collects generation 0 meanwhile, every 10 ms; the longest is reported
internal static unsafe class IdleCostScenario
{
    private const int Collections = 7;

    private static volatile bool s_stop;
    private static double s_longest;

    internal static int Run(string[] args)
    {
        // Each scheduler keeps some idle coroutines, so how many schedulers there are must not depend on the machine.
        SchedulerGroup.ConfigureDefault(new SchedulerGroupOptions { Schedulers = 2 });
        int count = int.Parse(args[0], CultureInfo.InvariantCulture);
        int kept = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 0;
        _ = GreenRuntime.Mode;
        Console.WriteLine($"given_back={CoroutineReaper.Describe()}");
        Report("none");

        // Those that are kept are the oldest: the runtime passes them all for each one that it frees.
        CoroutineReserve reserve = CoroutineReserve.Of(StackArena.DefaultStride);
        RunOnThread(() => Fill(CoroutineReserve.Of(2 * StackArena.DefaultStride), 2 * StackArena.DefaultStride, kept));
        RunOnThread(() => Fill(reserve, StackArena.DefaultStride, count - kept));
        Report("idle");
        var collector = new Thread(Collect) { IsBackground = true };
        if (args.Length > 2)
            collector.Start();

        long start = Stopwatch.GetTimestamp();
        int ended = reserve.Shrink(count);
        double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        s_stop = true;
        if (args.Length > 2)
        {
            collector.Join();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"longest_ms={s_longest:F1}"));
        }
        Console.WriteLine($"ended={ended}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ended_ms={milliseconds:F0}"));
        Report("after");
        return 0;
    }

    private static void RunOnThread(ThreadStart body)
    {
        var thread = new Thread(body);
        thread.Start();
        thread.Join();
    }

    private static void Fill(CoroutineReserve reserve, int stackReserve, int count)
    {
        Carrier* carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
        var made = new Coroutine[1];
        for (int i = 0; i < count; i++)
        {
            made[0] = Coroutine.Create(carrier, stackReserve);
            made[0].Start(static () => { });
            made[0].Resume(carrier);
            reserve.Add(made);
        }
        Carrier.Release(carrier);
    }

    private static void Collect()
    {
        while (!s_stop)
        {
            long start = Stopwatch.GetTimestamp();
            GC.Collect(0, GCCollectionMode.Forced, blocking: true);
            s_longest = Math.Max(s_longest, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            Thread.Sleep(10);
        }
    }

    private static void Report(string name)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        string youngest = Median(static () => GC.Collect(0, GCCollectionMode.Forced, blocking: true));
        string full = Median(static () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true));
        Console.WriteLine($"{name}_rss_kb={ResidentKilobytes()}");
        Console.WriteLine($"{name}_threads={RuntimeThreads.Count}");
        Console.WriteLine($"{name}_gen0_ms={youngest}");
        Console.WriteLine($"{name}_full_ms={full}");
    }

    private static string Median(Action collect)
    {
        var milliseconds = new double[Collections];
        for (int i = 0; i < Collections; i++)
        {
            long start = Stopwatch.GetTimestamp();
            collect();
            milliseconds[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
        Array.Sort(milliseconds);
        return milliseconds[Collections / 2].ToString("F2", CultureInfo.InvariantCulture);
    }

    internal static long ResidentKilobytes()
    {
        string pages = File.ReadAllText("/proc/self/statm").Split(' ')[1];
        return long.Parse(pages, CultureInfo.InvariantCulture) * Environment.SystemPageSize / 1024;
    }
}

/// <summary>The runtime's own count of its Thread objects, dead ones that are not freed yet included.</summary>
internal static unsafe class RuntimeThreads
{
    private static readonly nint s_count = Find();

    internal static int Count => Volatile.Read(ref *(int*)s_count);

    private static nint Find()
    {
        ContractDescriptor descriptor = ContractDescriptor.Read(ClrRuntime.Module.Handle);
        // SAFETY: the descriptor gives the address of the pointer to the ThreadStore, which lives as long as the process.
        return *(nint*)descriptor.PointerOf("ThreadStore") + descriptor.OffsetOf("ThreadStore", "ThreadCount");
    }
}
