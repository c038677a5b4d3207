namespace GreenThreads.TestProcess;

/// <summary>A process in which nobody has slept or yielded before the library starts: the runtime has not bound these calls then.</summary>
internal static class SpinFirstScenario
{
    private const int Enough = 1000;

    internal static int Run(string[] args)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, MaximumSpareSchedulers = 0 });
        (int yields, int sleeps) = group.Spawn(static () => (CountUntilOtherRuns(static () => Thread.Yield()), CountUntilOtherRuns(static () => Thread.Sleep(1)))).Result;
        Console.WriteLine($"yields={yields}");
        Console.WriteLine($"sleeps={sleeps}");
        return yields < Enough && sleeps < Enough ? 0 : 1;
    }

    private static int CountUntilOtherRuns(Action giveWay)
    {
        bool hasRun = false;
        GreenThread.Spawn(() => Volatile.Write(ref hasRun, true));
        int count = 0;
        while (!Volatile.Read(ref hasRun) && count < Enough)
        {
            giveWay();
            count++;
        }
        return count;
    }
}
