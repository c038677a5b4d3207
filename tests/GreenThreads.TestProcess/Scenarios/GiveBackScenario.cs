using System.Diagnostics;
using System.Globalization;

namespace GreenThreads.TestProcess;

internal static unsafe partial class GiveBackScenario
{
    internal static int Run(string[] args)
    {
        int count = int.Parse(args[0], CultureInfo.InvariantCulture);
        int kept = int.Parse(args[1], CultureInfo.InvariantCulture);
        bool keepOldest = args.Length > 2 && args[2] == "oldest";
        Console.WriteLine(GreenRuntime.Mode);
        Console.WriteLine(CoroutineReaper.Describe());
        State("state");
        for (int round = 0; round < 3; round++)
        {
            var coroutines = new List<Coroutine>();
            var carrier = new Thread(() => CreateAll(coroutines, count));
            carrier.Start();
            carrier.Join();
            Pause("with");
            State("state");
            long start = Stopwatch.GetTimestamp();
            List<Coroutine> toEnd = keepOldest ? coroutines[kept..] : coroutines[..(count - kept)];
            bool stop = false;
            double longest = 0;
            var collector = new Thread(() =>
            {
                while (!Volatile.Read(ref stop))
                {
                    long s = Stopwatch.GetTimestamp();
                    GC.Collect(0);
                    longest = Math.Max(longest, Stopwatch.GetElapsedTime(s).TotalMilliseconds);
                    Thread.Sleep(5);
                }
            });
            collector.Start();
            int ended = CoroutineReaper.End(toEnd);
            Console.WriteLine($"ended={ended} ms={Stopwatch.GetElapsedTime(start).TotalMilliseconds}");
            GC.WaitForPendingFinalizers();
            Console.WriteLine($"finalized ms={Stopwatch.GetElapsedTime(start).TotalMilliseconds}");
            stop = true;
            collector.Join();
            Console.WriteLine($"longest collection ms={longest}");
            malloc_trim(0);
            State("trimmed");
            coroutines = null;
            toEnd = null!;
            Pause("without");
            State("state");
        }
        return 0;
    }

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential)]
    private struct Mallinfo { public nint arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost; }
    [System.Runtime.InteropServices.DllImport("libc")] private static extern Mallinfo mallinfo2();
    [System.Runtime.InteropServices.DllImport("libc")] private static extern int malloc_trim(nint pad);
    private static void State(string name)
    {
        ContractDescriptor d = ContractDescriptor.Read(ClrRuntime.Module.Handle);
        nint store = *(nint*)d.AddressOf("ThreadStore");
        Mallinfo m = mallinfo2();
        Console.WriteLine($"{name}: rss={Rss()} KB threads={*(int*)(store + d.OffsetOf("ThreadStore", "ThreadCount"))} dead={*(int*)(store + d.OffsetOf("ThreadStore", "DeadCount"))} malloc used={m.uordblks/1024} free={m.fordblks/1024} mmapped={m.hblkhd/1024} gcheap={GC.GetTotalMemory(false)/1024} committed={GC.GetGCMemoryInfo().TotalCommittedBytes/1024}");
    }

    private static void Pause(string name)
    {
        var times = new List<double>();
        for (int i = 0; i < 9; i++)
        {
            long s = Stopwatch.GetTimestamp();
            GC.Collect(0);
            times.Add(Stopwatch.GetElapsedTime(s).TotalMilliseconds);
        }
        times.Sort();
        Console.WriteLine($"{name} gen0={times[4]}");
    }

    private static long Rss() => long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture) * 4;

    private static void CreateAll(List<Coroutine> coroutines, int count)
    {
        Carrier* carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
        Action body = static () => { };
        for (int i = 0; i < count; i++)
        {
            Coroutine coroutine = Coroutine.Create(carrier);
            coroutine.Start(body);
            coroutine.Resume(carrier);
            coroutine.ForgetCarrier();
            coroutine.TrimStack();
            coroutines.Add(coroutine);
        }
        Carrier.Release(carrier);
    }
}
