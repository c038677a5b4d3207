using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace GreenThreads.Benchmarks;

// How much faster does a second scheduler make a fixed amount of work?
// Measured: the wall-clock time of a whole load in a group of its own, after one run that is not counted; runs with one scheduler and with several take
// turns, so that what else the machine does meets both alike. OS threads that do the same computation show what the machine itself has to give.
// Beside it the processor time of all OS threads, the collector's included: what more than one scheduler adds to the work, also on a busy machine.
// Left out: starting and ending the group.
//   computing   256 green threads, each computing in slices of some 20 microseconds with a yield after each
//   skynet      a tree of 100,000 leaves, ten children to a node, each a green thread that is joined by its parent
//   hand-overs  64 pairs of green threads, which unpark each other in turn
//   echo        64 connections over loopback, each with a question of 64 bytes at a time. Both ends run in the one group, so all the work of both,
//               the kernel's included, is on its schedulers; a server alone would leave the clients to be scaled too
internal static class Scaling
{
    private const int DefaultRuns = 7;
    private const int LeastRuns = 5;

    private const int Computing = 256;
    private const int Slices = 100;
    private const int StepsPerSlice = 20_000;
    private const int Leaves = 100_000;
    private const int Pairs = 64;
    private const int HandOvers = 10_000;
    private const int Connections = 64;
    private const int Questions = 500;
    private const int MessageSize = 64;

    private static ulong s_result;

    internal static int Run(string[] args)
    {
        int runs = DefaultRuns;
        int schedulers = 2;
        if (args.Length > 2 || (args.Length > 0 && !TryParse(args[0], LeastRuns, out runs)) || (args.Length > 1 && !TryParse(args[1], 2, out schedulers)))
        {
            Console.Error.WriteLine($"usage: scaling [RUNS [SCHEDULERS]], at least {LeastRuns} runs and 2 schedulers");
            return 2;
        }

        Console.WriteLine($"{runs} runs each, {Environment.ProcessorCount} processors, {RuntimeInformation.FrameworkDescription}, mode {GreenRuntime.Mode}");
        Console.WriteLine();
        Console.WriteLine($"| load | ms with 1: median (min-max) | ms with {schedulers}: median (min-max) | times faster | between | CPU ms, 1 and {schedulers} |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|");
        Compare("computing, OS threads", runs, schedulers, ComputeOnOsThreads);
        Compare("computing", runs, schedulers, count => InGroup(count, ComputeInSlices));
        Compare("skynet", runs, schedulers, count => InGroup(count, static () => s_result += (ulong)Sum(0, Leaves)));
        Compare("hand-overs", runs, schedulers, count => InGroup(count, HandOver));
        Compare("echo", runs, schedulers, count => InGroup(count, AskAndAnswer));
        return 0;
    }

    private static bool TryParse(string text, int least, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= least;

    private static void Compare(string name, int runs, int schedulers, Func<int, TimeSpan> load)
    {
        double[] one = new double[runs];
        double[] several = new double[runs];
        double[] workOfOne = new double[runs];
        double[] workOfSeveral = new double[runs];
        load(1);
        load(schedulers);
        for (int i = 0; i < runs; i++)
        {
            (one[i], workOfOne[i]) = Measure(load, 1);
            (several[i], workOfSeveral[i]) = Measure(load, schedulers);
        }
        // Neighbouring runs met the same machine; the median of their ratios is steadier than the ratio of the medians.
        double[] ratios = [.. one.Zip(several, static (alone, together) => alone / together)];
        Array.Sort(one);
        Array.Sort(several);
        Array.Sort(ratios);
        Array.Sort(workOfOne);
        Array.Sort(workOfSeveral);
        Console.WriteLine(FormattableString.Invariant($"| {name} | {Median(one):F0} ({one[0]:F0}-{one[^1]:F0}) | {Median(several):F0} ({several[0]:F0}-{several[^1]:F0}) ")
            + FormattableString.Invariant($"| {Median(ratios):F2} | {ratios[0]:F2}-{ratios[^1]:F2} | {Median(workOfOne):F0}, {Median(workOfSeveral):F0} |"));
    }

    private static (double Milliseconds, double Work) Measure(Func<int, TimeSpan> load, int schedulers)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        double milliseconds = load(schedulers).TotalMilliseconds;
        return (milliseconds, (Environment.CpuUsage.TotalTime - before).TotalMilliseconds);
    }

    private static double Median(double[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;

    private static TimeSpan InGroup(int schedulers, Action load)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = schedulers, Name = "scaling" });
        GC.Collect();
        long start = Stopwatch.GetTimestamp();
        group.Spawn(load).Join();
        return Stopwatch.GetElapsedTime(start);
    }

    private static TimeSpan ComputeOnOsThreads(int count)
    {
        long start = Stopwatch.GetTimestamp();
        var threads = new Thread[count];
        for (int i = 0; i < count; i++)
        {
            threads[i] = new Thread(() =>
            {
                for (int slice = 0; slice < Computing * Slices / count; slice++)
                    Slice();
            });
            threads[i].Start();
        }
        foreach (Thread thread in threads)
            thread.Join();
        return Stopwatch.GetElapsedTime(start);
    }

    private static void ComputeInSlices() => JoinAll(Computing, static _ =>
    {
        for (int i = 0; i < Slices; i++)
        {
            Slice();
            GreenThread.Yield();
        }
    });

    // xorshift64: nothing that the compiler can leave out, and no memory.
    private static void Slice()
    {
        ulong state = 88172645463325252;
        for (int i = 0; i < StepsPerSlice; i++)
        {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
        }
        if (state == 0)
            s_result = state; // Never; nobody writes to a shared cache line.
    }

    private static long Sum(long first, int leaves)
    {
        if (leaves == 1)
            return first;
        var children = new GreenThread<long>[10];
        for (int i = 0; i < children.Length; i++)
        {
            long begin = first + i * (leaves / 10);
            children[i] = GreenThread.Spawn(() => Sum(begin, leaves / 10));
        }
        long sum = 0;
        foreach (GreenThread<long> child in children)
            sum += child.Result;
        return sum;
    }

    private static void HandOver() => JoinAll(Pairs, static _ =>
    {
        GreenThread self = GreenThread.Current!;
        GreenThread other = GreenThread.Spawn(() =>
        {
            for (int i = 0; i < HandOvers; i++)
            {
                GreenThread.Park();
                self.Unpark();
            }
        });
        for (int i = 0; i < HandOvers; i++)
        {
            other.Unpark();
            GreenThread.Park();
        }
        other.Join();
    });

    private static void AskAndAnswer()
    {
        using var listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        GreenThread server = GreenThread.Spawn(() =>
        {
            var answering = new GreenThread[Connections];
            for (int i = 0; i < Connections; i++)
            {
                GreenTcpStream stream = listener.Accept();
                answering[i] = GreenThread.Spawn(() => Answer(stream));
            }
            foreach (GreenThread thread in answering)
                thread.Join();
        });
        JoinAll(Connections, _ =>
        {
            using GreenTcpStream stream = GreenTcpStream.Connect(listener.LocalEndPoint);
            byte[] message = new byte[MessageSize];
            for (int i = 0; i < Questions; i++)
            {
                stream.Write(message);
                stream.ReadExactly(message);
            }
        });
        server.Join();
    }

    private static void Answer(GreenTcpStream stream)
    {
        using (stream)
        {
            byte[] message = new byte[MessageSize];
            while (stream.Read(message) is > 0 and int count)
                stream.Write(message.AsSpan(0, count));
        }
    }

    private static void JoinAll(int count, Action<int> body)
    {
        var threads = new GreenThread[count];
        for (int i = 0; i < count; i++)
        {
            int index = i;
            threads[i] = GreenThread.Spawn(() => body(index));
        }
        foreach (GreenThread thread in threads)
            thread.Join();
    }
}
