namespace GreenThreads;

/// <summary>One who is part of a deadlock, and what for he waits.</summary>
public sealed class DeadlockWait
{
    internal DeadlockWait(Waiter waiter, bool hasStack)
    {
        Waiter = waiter;
        var targets = new List<object>();
        DeadlockLook.TryCopyTargets(waiter, targets);
        // Sorted: a select has its cases in an order that changes each time.
        Targets = [.. targets.Select(static target => new DeadlockTarget(target)).OrderBy(static target => target.Description, StringComparer.Ordinal)];
        if (hasStack && GreenThread is { } thread)
            Stack = thread.MethodsFromOutside();
    }

    /// <summary>The green thread; null if an OS thread waits.</summary>
    public GreenThread? GreenThread => Waiter as GreenThread;

    /// <summary>The OS thread; null if a green thread waits.</summary>
    public Thread? OsThread => (Waiter as OsThreadWaiter)?.Thread;

    /// <summary>Who, for people: the name and the id.</summary>
    public string Name => NameOf(Waiter);

    /// <summary>The file and line that spawned the green thread; empty if that is not known.</summary>
    public string SpawnSite => GreenThread?.SpawnSite ?? "";

    /// <summary>What it waits for; several things if it waits for any one of them.</summary>
    public IReadOnlyList<DeadlockTarget> Targets { get; }

    /// <summary>The managed methods on its stack, innermost first, as far as they could be found out. Empty for OS threads, and for all but the first few.</summary>
    public IReadOnlyList<string> Stack { get; } = [];

    internal Waiter Waiter { get; }

    /// <summary>Who waits for what.</summary>
    public override string ToString()
    {
        string site = SpawnSite.Length == 0 ? "" : $" (spawned at {SpawnSite})";
        return $"{Name}{site} waits for {TargetsText}";
    }

    /// <summary>All of what it waits for.</summary>
    internal string TargetsText => Targets.Count == 0 ? "nothing that can happen" : (Targets.Count > 1 ? "any of " : "") + string.Join(", or ", Targets);

    internal static string NameOf(Waiter waiter) => waiter switch
    {
        GreenThread thread => $"{thread.Name ?? "green thread"} {thread.Id}",
        OsThreadWaiter { Thread: { } thread } => $"OS thread {(string.IsNullOrEmpty(thread.Name) ? "" : $"\"{thread.Name}\" ")}{thread.ManagedThreadId}",
        _ => "an OS thread",
    };
}
