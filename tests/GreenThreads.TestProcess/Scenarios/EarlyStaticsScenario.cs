using System.Runtime.CompilerServices;

namespace GreenThreads.TestProcess;

/// <summary>
/// A thread static of this program that was touched before the library started, and so lies inside the block of the OS thread: green threads must keep
/// their values of it nevertheless, on several schedulers.
/// </summary>
internal static class EarlyStaticsScenario
{
    [ThreadStatic]
    private static long t_early;

    internal static int Run(string[] args)
    {
        Touch();
        const int threads = 20, rounds = 20_000;
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 4 });
        long wrong = 0;
        GreenThread[] all = [.. Enumerable.Range(1, threads).Select(id => group.Spawn(() =>
        {
            for (int i = 0; i < rounds; i++)
                wrong += Round(id);
        }))];
        foreach (GreenThread thread in all)
            thread.Join();
        Console.WriteLine($"migrate={GreenRuntime.MayMigrate}");
        Console.WriteLine($"wrong={wrong}");
        return wrong == 0 && !GreenRuntime.MayMigrate ? 0 : 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Touch() => t_early = 1;

    // One method that uses the field before and after a yield: its address is taken once.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static int Round(int id)
    {
        t_early = id;
        GreenThread.Yield();
        int wrong = t_early == id ? 0 : 1;
        t_early = 0;
        return wrong;
    }
}
