using System.Diagnostics;
using System.Globalization;

namespace GreenThreads.TestProcess;

// What idle coroutines cost: memory, and the time of collections, medians of seven; and what of it is left once the reserve has given all of
// them back. The heap is all but empty, so what a collection takes is the Threads.
internal static unsafe class IdleCostScenario
{
    private const int Collections = 7;

    internal static int Run(string[] args)
    {
        int count = int.Parse(args[0], CultureInfo.InvariantCulture);
        _ = GreenRuntime.Mode;
        Console.WriteLine($"given_back={CoroutineReaper.Describe()}");
        Report("none");

        CoroutineReserve reserve = CoroutineReserve.Of(StackArena.DefaultStride);
        if (count > 0)
        {
            var carrier = new Thread(() => Fill(reserve, count));
            carrier.Start();
            carrier.Join();
        }
        Report("idle");

        long start = Stopwatch.GetTimestamp();
        int ended = reserve.Shrink(count);
        double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        Console.WriteLine($"ended={ended}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ended_ms={milliseconds:F0}"));
        Report("after");
        return 0;
    }

    private static void Fill(CoroutineReserve reserve, int count)
    {
        Carrier* carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
        var made = new Coroutine[Math.Min(count, 1000)];
        for (int left = count; left > 0; left -= made.Length)
        {
            for (int i = 0; i < made.Length; i++)
            {
                made[i] = Coroutine.Create(carrier);
                made[i].Start(static () => { });
                made[i].Resume(carrier);
            }
            reserve.Add(made.AsSpan(0, Math.Min(made.Length, left)));
        }
        Carrier.Release(carrier);
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
        return *(nint*)descriptor.AddressOf("ThreadStore") + descriptor.OffsetOf("ThreadStore", "ThreadCount");
    }
}
