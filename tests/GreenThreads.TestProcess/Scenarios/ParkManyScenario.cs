using System.Globalization;

namespace GreenThreads.TestProcess;

/// <summary>So many green threads parked at once, and what they cost in mappings.</summary>
internal static class ParkManyScenario
{
    internal static int Run(string[] args)
    {
        int count = int.Parse(args[0], CultureInfo.InvariantCulture);
        int started = 0;
        int resumed = 0;
        var threads = new GreenThread[count];
        for (int i = 0; i < count; i++)
        {
            threads[i] = GreenThread.Spawn(() =>
            {
                Interlocked.Increment(ref started);
                GreenThread.Park();
                Interlocked.Increment(ref resumed);
            });
        }
        Waiting.Until(() => Volatile.Read(ref started) == count);
        Waiting.Until(() => threads.All(thread => thread.State == GreenThreadState.Parked));
        Console.WriteLine($"parked={threads.Count(thread => thread.State == GreenThreadState.Parked)}");
        Console.WriteLine($"maps={File.ReadLines("/proc/self/maps").Count()}");
        foreach (GreenThread thread in threads)
            thread.Unpark();
        foreach (GreenThread thread in threads)
            thread.Join();
        Console.WriteLine($"ended={threads.Count(thread => thread.State == GreenThreadState.Ended)}");
        Console.WriteLine($"resumed={resumed}");
        return 0;
    }
}
