namespace GreenThreads.TestProcess;

/// <summary>Says what was found in the runtime, and parks, wakes and collects a while on it.</summary>
internal static class SelfCheckScenario
{
    private const int Threads = 500;
    private const int Rounds = 40;

    internal static int Run(string[] args)
    {
        Console.WriteLine(GreenRuntime.Describe());
        if (GreenRuntime.Mode != GreenRuntimeMode.Switched)
            return 1;
        var threads = new GreenThread<int>[Threads];
        for (int i = 0; i < Threads; i++)
        {
            int number = i;
            threads[i] = GreenThread.Spawn(() => Work(number));
        }
        for (int round = 0; round < Rounds; round++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            foreach (GreenThread<int> thread in threads)
                thread.Unpark();
        }
        Waiting.Until(() =>
        {
            foreach (GreenThread<int> thread in threads)
                thread.Unpark();
            return threads.All(thread => thread.State == GreenThreadState.Ended);
        });
        bool isRight = true;
        for (int i = 0; i < Threads; i++)
            isRight &= threads[i].Result == Rounds * i;
        Console.WriteLine($"selfcheck={(isRight ? "ok" : "WRONG")}");
        return isRight ? 0 : 1;
    }

    // Everything it adds up has been moved by a collection, if any came while it was parked.
    private static int Work(int number)
    {
        int sum = 0;
        for (int round = 0; round < Rounds; round++)
        {
            object[] boxes = [number, round.ToString(), new byte[64]];
            GreenThread.Park();
            if ((string)boxes[1] != round.ToString())
                return -1;
            sum += (int)boxes[0];
        }
        return sum;
    }
}
