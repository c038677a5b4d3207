namespace GreenThreads;

/// <summary>None of a group's green threads can ever go on: who waits for what. Taken once; it does not change.</summary>
public sealed class DeadlockReport
{
    // Those whose stacks are taken. Each costs some hundred microseconds.
    private const int MaximumStacks = 10;

    private DeadlockReport(SchedulerGroup group, IReadOnlyList<DeadlockWait> waits, IReadOnlyList<IReadOnlyList<DeadlockWait>> cycles)
    {
        Group = group;
        Waits = waits;
        Cycles = cycles;
    }

    /// <summary>The group.</summary>
    public SchedulerGroup Group { get; }

    /// <summary>Everybody who waits: those who are in a cycle, the other green threads of the group, and the OS threads that might have let one of them go on.</summary>
    public IReadOnlyList<DeadlockWait> Waits { get; }

    /// <summary>
    /// Those who wait for each other in a circle, each for what the next one owns, or for its end. Only where the owner is known: locks and joins. There may be
    /// none: nobody can say who should have sent into a channel.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<DeadlockWait>> Cycles { get; }

    /// <summary>All of it for people, in several lines: cycles first, then who waits for what, then stacks. Long lists are cut.</summary>
    public override string ToString() => DeadlockText.Of(this);

    internal static DeadlockReport Of(SchedulerGroup group, DeadlockLook look)
    {
        List<List<Waiter>> cycles = DeadlockCycles.Find(look.Waiters);
        // Those in cycles first, so that the few stacks are theirs.
        var waits = new Dictionary<Waiter, DeadlockWait>(look.Waiters.Count);
        foreach (Waiter waiter in cycles.SelectMany(static cycle => cycle).Concat(look.Waiters))
        {
            if (!waits.ContainsKey(waiter))
                waits.Add(waiter, new DeadlockWait(waiter, waits.Count < MaximumStacks));
        }
        return new DeadlockReport(group, [.. waits.Values], [.. cycles.Select(cycle => (IReadOnlyList<DeadlockWait>)[.. cycle.Select(waiter => waits[waiter])])]);
    }
}
