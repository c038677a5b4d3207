using System.Globalization;

namespace GreenThreads.TestProcess;

/// <summary>Ends of a process that ask nobody: parked and runnable green threads hold it up no more than background threads do.</summary>
internal static class ExitScenarios
{
    private const int Others = 100;

    internal static int ExitFromGreenThread(string[] args)
    {
        int code = int.Parse(args[0], CultureInfo.InvariantCulture);
        StartOthers(args[1]);
        GreenThread.Spawn(() => Environment.Exit(code)).Join();
        return -1;
    }

    internal static int ExitFromMain(string[] args)
    {
        int code = int.Parse(args[0], CultureInfo.InvariantCulture);
        StartOthers(args[1]);
        Environment.Exit(code);
        return -1;
    }

    internal static int MainReturns(string[] args)
    {
        StartOthers(args[1]);
        return int.Parse(args[0], CultureInfo.InvariantCulture);
    }

    /// <summary>Main returns while a group is open, or drains: its callbacks run.</summary>
    internal static int MainReturnsWithCallbacks(string[] args)
    {
        var group = new SchedulerGroup();
        group.Spawn(GreenThread.Park);
        for (int i = 0; i < 2; i++)
        {
            int number = i;
            group.AtExit(() =>
            {
                GreenThread.Sleep(TimeSpan.FromMilliseconds(20));
                Console.WriteLine($"callback {number}");
            });
        }
        if (args[1] == "draining")
        {
            new Thread(() => group.Shutdown(Timeout.InfiniteTimeSpan)) { IsBackground = true }.Start();
            Waiting.Until(() => Refuses(group));
        }
        return int.Parse(args[0], CultureInfo.InvariantCulture);
    }

    private static bool Refuses(SchedulerGroup group)
    {
        try
        {
            group.Spawn(() => { });
            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }

    private static void StartOthers(string what)
    {
        using var started = new CountdownEvent(Others);
        Action body = what switch
        {
            "parked" => () => { started.Signal(); GreenThread.Park(); }
            ,
            "spinning" => () => { started.Signal(); while (true) GreenThread.Yield(); }
            ,
            _ => throw new ArgumentException($"no such green threads: {what}", nameof(what)),
        };
        var threads = new GreenThread[Others];
        for (int i = 0; i < Others; i++)
            threads[i] = GreenThread.Spawn(body);
        started.Wait();
        if (what == "parked")
            Waiting.Until(() => threads.All(thread => thread.State == GreenThreadState.Parked));
    }
}
