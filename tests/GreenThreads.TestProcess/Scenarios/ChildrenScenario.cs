using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace GreenThreads.TestProcess;

/// <summary>Child processes: what is left of many, and how they end in a process that was started with SIGCHLD ignored.</summary>
internal static class ChildrenScenario
{
    private const int SIGCHLD = 17;

    /// <summary>Starts many, in every way in which one can be given up, and counts what is left.</summary>
    internal static int Run(string[] args)
    {
        int count = int.Parse(args[0], CultureInfo.InvariantCulture);
        StartSome(4); // Whatever is opened once for good.
        Process.Start("true").WaitForExit();
        Waiting.Until(() => Children() == 0);
        int before = Descriptors();
        StartSome(count);
        // Those that were left to the end of their child, and to the collector.
        Waiting.Until(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return Children() == 0 && Descriptors() <= before;
        });
        Console.WriteLine($"children={Children()}");
        return 0;
    }

    /// <summary>Says how one has ended that the kernel or the runtime has reaped itself.</summary>
    internal static int RunIgnored(string[] args)
    {
        if (args.Length > 0)
            using (PosixSignalRegistration.Create((PosixSignal)SIGCHLD, _ => { }))
                Say();
        else
            Say();
        return 0;

        static void Say()
        {
            foreach (string script in (string[])["read x; exit 3", "read x; kill -9 $$"])
            {
                // It ends when its input does, so it is there until its pidfd is open.
                var options = new GreenChildProcessOptions("/bin/sh", "-c", script) { StandardInput = GreenChildStream.Piped };
                using GreenChildProcess child = GreenChildProcess.Start(options);
                child.StandardInput.Dispose();
                try
                {
                    GreenThread.Spawn(() =>
                    {
                        GreenChildExit exit = child.Wait();
                        Console.WriteLine($"exit={exit.ExitCode}/{exit.Signal}");
                    }).Join();
                }
                catch (SystemCallException exception)
                {
                    Console.WriteLine($"error={exception.Errno}");
                }
            }
        }
    }

    private static void StartSome(int count) => GreenThread.Spawn(() =>
    {
        for (int i = 0; i < count; i++)
        {
            var options = new GreenChildProcessOptions(i % 5 == 4 ? "no-such-program-at-all" : "cat")
            {
                StandardInput = GreenChildStream.Piped,
                StandardOutput = GreenChildStream.Piped,
                StandardError = GreenChildStream.Nothing,
            };
            try
            {
                GreenChildProcess child = GreenChildProcess.Start(options);
                switch (i % 4)
                {
                    case 0: // Its input ends, and so it does, when nobody waits any more.
                        child.Dispose();
                        break;
                    case 1:
                        child.Kill();
                        child.Wait();
                        child.Dispose();
                        break;
                    case 2:
                        child.StandardInput.Dispose();
                        child.Wait();
                        break; // The collector disposes of it.
                    default:
                        child.Kill();
                        break;
                }
            }
            catch (SystemCallException)
            {
                // As it should be.
            }
        }
    }).Join();

    // Those that belong to children: schedulers come and go, with theirs.
    private static int Descriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Count(static path =>
        new FileInfo(path).LinkTarget is { } target && (target.StartsWith("pipe:", StringComparison.Ordinal) || target.Contains("pidfd", StringComparison.Ordinal)));

    // Zombies are among them.
    private static int Children() => Directory.GetDirectories("/proc").Count(static directory =>
        int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out _) && ParentOf(directory) == Environment.ProcessId);

    private static int ParentOf(string directory)
    {
        try
        {
            string state = File.ReadAllText(Path.Combine(directory, "stat"));
            // Number (name) state parent ..., and a name may have anything in it.
            return int.Parse(state[(state.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return 0; // It has ended, or is none of ours to look at.
        }
    }
}
