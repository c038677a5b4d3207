using System.Globalization;

namespace GreenThreads;

// OS threads that are neither the runtime's nor the library's. One that was started after the group may have been given a reference at its start, without having
// used it so far:
//
//   var done = new GreenSemaphore(0);
//   new Thread(() => { Work(); done.Release(); }).Start();
//   done.Wait();
//
// The runtime has no list of them for others, so the kernel's is read: /proc/self/task/ID/stat has the name and, in ticks of ten milliseconds, the start. A thread
// without a name of its own bears that of the one that started it, so a name alone makes nobody the library's; and among those that bear the pool's name there must
// be no more than the pool has.
internal static class ForeignOsThreads
{
    private const string PoolWorker = ".NET TP Worker";

    // There once the console, a handler of a signal or a child process was used.
    private const string Signals = ".NET SigHandler";

    // Fields after the name, which is the second and ends with the last parenthesis.
    private const int StartField = 19;

    // The runtime's, none of which runs a program's code, but for finalizers. The kernel keeps fifteen characters of a name.
    private static readonly HashSet<string> s_ofRuntime =
    [
        PoolWorker, ".NET SynchManag", ".NET EventPipe", ".NET DebugPipe", ".NET Debugger", ".NET Finalizer", ".NET Tiered Com", Signals, ".NET TP Gate",
        ".NET Timer", ".NET TP Wait", ".NET Sockets", ".NET BGC", ".NET Server GC",
    ];

    /// <summary>Whether there is any.</summary>
    /// <param name="sinceOsThread">Only those that were started at the same time as this one or later; null for all.</param>
    /// <param name="known">Some that do not count.</param>
    /// <param name="handlersToo">Whether whoever handles a signal counts, whenever he began.</param>
    internal static bool HasAny(int? sinceOsThread, IReadOnlyList<OsThreadWaiter> known, bool handlersToo)
    {
        long since = 0;
        if (sinceOsThread is { } given && !TryRead($"/proc/self/task/{given}", out _, out since))
            return true;
        int workers = 0;
        foreach (string directory in Directory.EnumerateDirectories("/proc/self/task"))
        {
            if (!int.TryParse(Path.GetFileName(directory.AsSpan()), CultureInfo.InvariantCulture, out int id) || OwnOsThreads.Contains(id)
                || !TryRead(directory, out string name, out long start))
                continue;
            if (handlersToo && name == Signals && SignalHandlers.AreThereAny)
                return true;
            workers += name == PoolWorker ? 1 : 0;
            if (start >= since && !s_ofRuntime.Contains(name) && !known.Any(thread => thread.OsThreadId == id))
                return true;
        }
        return workers > ThreadPool.ThreadCount;
    }

    // False if the thread has ended.
    private static bool TryRead(string directory, out string name, out long start)
    {
        (name, start) = ("", 0);
        try
        {
            string text = File.ReadAllText($"{directory}/stat");
            int open = text.IndexOf('(', StringComparison.Ordinal), close = text.LastIndexOf(')');
            name = text[(open + 1)..close];
            return long.TryParse(text[(close + 2)..].Split(' ')[StartField], CultureInfo.InvariantCulture, out start);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
