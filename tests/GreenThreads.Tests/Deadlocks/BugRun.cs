namespace GreenThreads.Tests;

/// <summary>What a kernel of a bug has at hand. Its code runs on a green thread named main, so that no OS thread knows what it makes.</summary>
internal sealed class BugRun
{
    private readonly List<GreenThread> _threads = [];

    internal IEnumerable<GreenThread> Threads
    {
        get
        {
            lock (_threads)
                return [.. _threads];
        }
    }

    internal GreenThread Go(string name, Action body)
    {
        GreenThread thread = GreenThread.Spawn(body, name);
        lock (_threads)
            _threads.Add(thread);
        return thread;
    }

    internal static GreenMutex Mutex(string name) => new() { Name = name };

    internal static GreenChannel<int> Channel(string name, int capacity = 0) => new(capacity) { Name = name };

    internal static GreenSemaphore Semaphore(string name, int permits) => new(permits) { Name = name };

    /// <summary>Lets others run until something is so.</summary>
    internal static void Until(Func<bool> isSo)
    {
        while (!isSo())
            GreenThread.Yield();
    }

    /// <summary>Lets others run until so many wait there, or more.</summary>
    internal static void UntilWaiting(GreenPrimitive primitive, int count = 1) => Until(() => primitive.WaiterCount >= count);

    /// <summary>The same until all of the parties have come here.</summary>
    internal static void Meet(ref int arrived, int parties)
    {
        Interlocked.Increment(ref arrived);
        while (Volatile.Read(ref arrived) < parties)
            GreenThread.Yield();
    }
}
