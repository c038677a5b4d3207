using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace GreenThreads.TestProcess;

// How long a collection takes while somebody runs a loop that calls nothing: only the runtime's activation signal can stop it, and the
// signal's handler must find the green thread that the OS thread carries. The green thread has been mounted and unmounted many times before,
// with collections in between, so that whatever a switch forgets to put right has had its chance.
internal static class CollectionPauseScenario
{
    private const int Collections = 30;
    private const int Rounds = 4;

    private static volatile bool s_isLooping;
    private static volatile bool s_stop;

    internal static int Run(string[] args)
    {
        _ = GreenRuntime.Mode;
        Exercise();
        var green = new List<double>();
        var os = new List<double>();
        for (int round = 0; round < Rounds; round++)
        {
            GreenThread thread = GreenThread.Spawn(() =>
            {
                GreenThread.Yield();
                Loop();
            });
            Collect(green);
            thread.Join();

            var osThread = new Thread(Loop);
            osThread.Start();
            Collect(os);
            osThread.Join();
        }
        Console.WriteLine($"green={Median(green)}");
        Console.WriteLine($"os={Median(os)}");
        return 0;
    }

    private static void Exercise()
    {
        int running = 4;
        for (int i = 0; i < 4; i++)
        {
            GreenThread.Spawn(() =>
            {
                for (int yields = 0; yields < 200_000; yields++)
                    GreenThread.Yield();
                Interlocked.Decrement(ref running);
            });
        }
        // Collections without a pause between them would leave the green threads no time to yield.
        while (Volatile.Read(ref running) > 0)
        {
            GC.Collect(0);
            Thread.SpinWait(20_000);
        }
    }

    // Measures a number of collections while somebody loops, and then ends the loop.
    private static void Collect(List<double> milliseconds)
    {
        Waiting.Until(() => s_isLooping);
        for (int i = 0; i < Collections; i++)
        {
            long start = Stopwatch.GetTimestamp();
            GC.Collect(0, GCCollectionMode.Forced, blocking: true);
            milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        s_isLooping = false;
        s_stop = true;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Loop()
    {
        s_stop = false;
        s_isLooping = true;
        long passes = 0;
        while (!s_stop)
            passes++;
        GC.KeepAlive(passes);
    }

    private static string Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2].ToString("F3", CultureInfo.InvariantCulture);
    }
}
