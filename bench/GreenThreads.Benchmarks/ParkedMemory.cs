using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using GreenThreads.Tour;

namespace GreenThreads.Benchmarks;

// What does a parked green thread cost, and does the hundred-thousandth cost as much as the first?
// Measured: resident memory and page tables (VmRSS, VmPTE) while all are parked a few frames deep, and the time to create each tenth of them.
// Left out: what the program itself would keep on the stack and on the heap.
internal static class ParkedMemory
{
    private const int DefaultCount = 100_000;
    private const int Parts = 10;

    internal static int Run(string[] args)
    {
        int count = DefaultCount;
        if (args.Length > 1 || args.Length == 1 && !int.TryParse(args[0], NumberStyles.None, CultureInfo.InvariantCulture, out count) || count < Parts)
        {
            Console.Error.WriteLine($"usage: parked [COUNT], at least {Parts}");
            return 2;
        }

        // The library, the pool and the compiler come first, so that they are not counted.
        Park(new GreenThread[Parts], 0, Parts, Unpark);
        Collect();

        var threads = new GreenThread[count];
        Console.WriteLine($"{count:N0} parked green threads, {RuntimeInformation.FrameworkDescription}, mode {GreenRuntime.Mode}");
        Console.WriteLine();
        Console.WriteLine("| green threads | µs to create and park each | bytes of each |");
        Console.WriteLine("|---:|---:|---:|");
        long before = ProcessStatus.MemoryBytes;
        for (int part = 0; part < Parts; part++)
        {
            int first = (int)((long)count * part / Parts);
            int end = (int)((long)count * (part + 1) / Parts);
            long start = Stopwatch.GetTimestamp();
            Park(threads, first, end, static (_, _, _) => { });
            double microseconds = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            long bytes = (ProcessStatus.MemoryBytes - before) / end;
            Console.WriteLine(FormattableString.Invariant($"| {end:N0} | {microseconds / (end - first):F2} | {bytes:N0} |"));
        }

        long begin = Stopwatch.GetTimestamp();
        Collect();
        double pause = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        long after = (ProcessStatus.MemoryBytes - before) / count;
        Console.WriteLine();
        Console.WriteLine(FormattableString.Invariant($"a forced compacting collection: {pause:F0} ms; bytes of each after it: {after:N0}"));
        Unpark(threads, 0, count);
        return 0;
    }

    private static void Park(GreenThread[] threads, int first, int end, Action<GreenThread[], int, int> then)
    {
        for (int i = first; i < end; i++)
            threads[i] = GreenThread.Spawn(static () => GreenThread.Park());
        for (int i = first; i < end; i++)
        {
            while (threads[i].State != GreenThreadState.Parked)
            {
                if (threads[i].State == GreenThreadState.Ended)
                    threads[i].Join(); // It could not be given a stack; this says why.
                Thread.Sleep(0);
            }
        }
        then(threads, first, end);
    }

    private static void Unpark(GreenThread[] threads, int first, int end)
    {
        for (int i = first; i < end; i++)
            threads[i].Unpark();
        for (int i = first; i < end; i++)
            threads[i].Join();
    }

    private static void Collect() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
}
