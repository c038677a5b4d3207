namespace GreenThreads.Stress;

/// <summary>What a group must give back: descriptors, OS threads, stacks.</summary>
/// <param name="Descriptors">Sockets, and what event loops have open.</param>
/// <param name="OsThreads">Those that carry the group's name.</param>
/// <param name="Stacks">Given out by the arena, and not idle in the reserve.</param>
internal readonly record struct Leftovers(int Descriptors, int OsThreads, int Stacks)
{
    // The kernel's list may name an OS thread for a moment after it was joined.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    internal static Leftovers Now(string group) => new(CountDescriptors(), CountOsThreads(group), Coroutine.Arena.InUse - CoroutineReserve.TotalCount);

    /// <summary>Waits until there is no more than before.</summary>
    /// <returns>What there is in the end.</returns>
    internal static Leftovers WaitFor(Leftovers before, string group)
    {
        Deadline deadline = Deadline.After(s_patience);
        while (true)
        {
            Leftovers now = Now(group);
            if (now.Descriptors <= before.Descriptors && now.OsThreads <= before.OsThreads && now.Stacks == before.Stacks || deadline.HasPassed)
                return now;
            Thread.Sleep(1);
        }
    }

    // The runtime keeps a file open for each assembly that it loads, so files do not count.
    private static int CountDescriptors() =>
        Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(static descriptor => IsOfEventLoops(new FileInfo(descriptor).LinkTarget));

    private static bool IsOfEventLoops(string? target) =>
        target is not null && (target.StartsWith("socket:", StringComparison.Ordinal) || target.StartsWith("anon_inode:", StringComparison.Ordinal));

    private static int CountOsThreads(string group)
    {
        int count = 0;
        foreach (string task in Directory.EnumerateDirectories("/proc/self/task"))
        {
            try
            {
                if (File.ReadAllText(task + "/comm").StartsWith(group + "-", StringComparison.Ordinal))
                    count++;
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }
        return count;
    }
}
