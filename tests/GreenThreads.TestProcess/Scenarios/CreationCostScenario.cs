using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace GreenThreads.TestProcess;

// What a coroutine costs to make when there are few, and when there are many: microseconds, the lowest of the medians of ten windows of a
// thousand. A machine that does something else for a moment spoils some windows; a creation that costs more the more there are is slower in
// all of them. A virtual machine that gets its memory from the host only now takes 20 microseconds for a page, and gives it back after some seconds: so
// the memory of each window is touched just before.
internal static unsafe class CreationCostScenario
{
    private const int Window = 1000;
    private const int Windows = 10;

    // A coroutine takes about 10 KB, with the first page of its stack.
    private const int BytesEach = 14 * 1024;

    internal static int Run(string[] args)
    {
        int count = int.Parse(args[0], CultureInfo.InvariantCulture);
        _ = GreenRuntime.Mode;
        var ticks = new long[count];
        var carrier = new Thread(() => CreateAll(ticks));
        carrier.Start();
        carrier.Join();
        Console.WriteLine($"early={LowestMedian(ticks, Window)}");
        Console.WriteLine($"late={LowestMedian(ticks, count - Windows * Window)}");
        Console.WriteLine($"collections={GC.CollectionCount(0)}");
        return 0;
    }

    private static void TouchMemory(nuint bytes)
    {
        var memory = (byte*)NativeMemory.Alloc(bytes);
        for (nuint offset = 0; offset < bytes; offset += (nuint)Environment.SystemPageSize)
            memory[offset] = 1;
        NativeMemory.Free(memory);
    }

    private static void CreateAll(long[] ticks)
    {
        // The carrier is not released: the coroutines stay suspended on it to the end of the process.
        Carrier* carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
        var coroutines = new Coroutine[ticks.Length];
        Action body = static () => Coroutine.Current!.Suspend();
        for (int i = 0; i < ticks.Length; i++)
        {
            if (i % Window == 0)
                TouchMemory(Window * BytesEach);
            long start = Stopwatch.GetTimestamp();
            Coroutine coroutine = Coroutine.Create(carrier);
            coroutine.Start(body);
            coroutine.Resume(carrier);
            ticks[i] = Stopwatch.GetTimestamp() - start;
            coroutines[i] = coroutine;
        }
        foreach (Coroutine coroutine in coroutines)
            coroutine.ForgetCarrier();
    }

    private static string LowestMedian(long[] ticks, int start)
    {
        long lowest = long.MaxValue;
        for (int i = 0; i < Windows; i++)
        {
            long[] window = ticks.AsSpan(start + i * Window, Window).ToArray();
            Array.Sort(window);
            lowest = Math.Min(lowest, window[Window / 2]);
        }
        return (lowest * 1e6 / Stopwatch.Frequency).ToString("F3", CultureInfo.InvariantCulture);
    }
}
