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
