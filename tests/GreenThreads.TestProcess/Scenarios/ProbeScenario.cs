namespace GreenThreads.TestProcess;

/// <summary>Runs the pending-activation probe whether or not the table knows the runtime, and compares the two.</summary>
internal static class ProbeScenario
{
    internal static int Run(string[] args)
    {
        if (GreenRuntime.Mode != GreenRuntimeMode.Switched)
        {
            Console.WriteLine(GreenRuntime.Describe());
            return 1;
        }
        string buildId = ClrRuntime.Module.BuildId;
        int probed = PendingActivationProbe.Run(ClrRuntime.Layout, ClrRuntime.Module);
        bool isKnown = ClrLayoutTable.TryFind(buildId, out ClrLayoutTable.Entry known);
        Console.WriteLine($"build-id={buildId}");
        Console.WriteLine($"mode={GreenRuntime.Mode}");
        Console.WriteLine($"probed={probed}");
        Console.WriteLine($"table={(isKnown ? known.HasPendingActivation : "none")}");
        Console.WriteLine($"table-version={(isKnown ? known.Version : "none")}");
        Console.WriteLine($"runtime-version={Environment.Version}");
        return isKnown && known.HasPendingActivation != probed ? 1 : 0;
    }
}
