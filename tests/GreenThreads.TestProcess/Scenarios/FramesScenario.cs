using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace GreenThreads.TestProcess;

// Whether the frames of other threads can be named on this runtime, and what it costs: microseconds, medians. The threads looked at have about
// a dozen frames.
internal static class FramesScenario
{
    private const int Rounds = 501;
    private const int Depth = 8;

    private static volatile bool s_ends;
    private static volatile Coroutine? s_coroutine;
    private static int s_osId;
    private static int s_sum;

    internal static int Run(string[] args)
    {
        _ = GreenRuntime.Mode;
        long start = Stopwatch.GetTimestamp();
        bool isAvailable = ManagedFrames.IsAvailable;
        Console.WriteLine($"runtime-version={Environment.Version}");
        Console.WriteLine($"frames={isAvailable}{(isAvailable ? "" : $" ({ManagedFrames.WhyNot})")}");
        Console.WriteLine($"interrupt={ManagedFrames.CanInterrupt}");
        Console.WriteLine($"first={Stopwatch.GetElapsedTime(start).TotalMicroseconds.ToString("F0", CultureInfo.InvariantCulture)}");
        if (!isAvailable)
            return 1;

        bool isRight = Measure("native", static () => Thread.Sleep(500),
            static c => ManagedFrames.OfNative(c.RuntimeThread, c.StackLimit, c.StackBase));
        isRight &= Measure("computing", static () => s_sum++,
            static c => ManagedFrames.OfComputing(c.RuntimeThread, s_osId, c.StackLimit, c.StackBase));
        isRight &= Measure("parked", static () => Coroutine.Current!.Suspend(),
            static c => ManagedFrames.OfParked(c.RuntimeThread, c.StackPointerWord, c.StackLimit, c.StackBase));
        return isRight ? 0 : 1;
    }

    private static unsafe bool Measure(string name, Action step, Func<Coroutine, IReadOnlyList<string>?> read)
    {
        (s_ends, s_coroutine) = (false, null);
        double cause = 0;
        var carrier = new Thread(() =>
        {
            Carrier* carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
            Coroutine coroutine = Coroutine.Create(carrier);
            coroutine.Start(() =>
            {
                cause = MeasureCause();
                s_osId = Interop.gettid();
                s_coroutine = Coroutine.Current;
                Descend(Depth, step);
            });
            while (!coroutine.IsIdle)
            {
                coroutine.Resume(carrier);
                // Suspended for as long as it is looked at.
                while (!coroutine.IsIdle && !s_ends)
                    Thread.Sleep(1);
            }
            coroutine.ForgetCarrier();
            Carrier.Release(carrier);
        });
        carrier.Start();
        Waiting.Until(() => s_coroutine is not null);
        Waiting.Until(() => read(s_coroutine!) is not null);

        var times = new List<double>();
        IReadOnlyList<string> last = [];
        for (int i = 0; i < Rounds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            IReadOnlyList<string>? names = read(s_coroutine!);
            if (names is not null)
                times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            last = names ?? last;
        }
        s_ends = true;
        carrier.Join();
        times.Sort();
        Console.WriteLine($"{name}={times[times.Count / 2].ToString("F0", CultureInfo.InvariantCulture)}");
        Console.WriteLine($"{name}-frames={last.Count}");
        Console.WriteLine($"cause-nanoseconds={cause.ToString("F1", CultureInfo.InvariantCulture)}");
        return last.Count(static frame => frame == $"{typeof(FramesScenario).FullName}.{nameof(Descend)}") == Depth + 1
            && last[^1] == "GreenThreads.ContextSwitch.Entry";
    }

    private static double MeasureCause()
    {
        const int calls = 1_000_000;
        nint thread = Coroutine.Current!.RuntimeThread;
        for (int i = 0; i < calls / 10; i++)
            s_sum += (int)ManagedFrames.CauseOf(thread).FrameIdentifier;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < calls; i++)
            s_sum += (int)ManagedFrames.CauseOf(thread).FrameIdentifier;
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / calls;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Descend(int depth, Action step)
    {
        if (depth > 0)
        {
            Descend(depth - 1, step);
        }
        else
        {
            while (!s_ends)
                step();
        }
        s_sum++;
    }
}
