namespace GreenThreads;

/// <summary>What somebody waits for who is part of a deadlock.</summary>
public sealed class DeadlockTarget
{
    internal DeadlockTarget(object target)
    {
        Target = target;
        Description = target switch
        {
            GreenThread thread => $"the end of {DeadlockWait.NameOf(thread)}",
            GreenScope scope => $"the children of the {scope}",
            SchedulerGroup group => $"the end of the group {group.Name}",
            _ => target.ToString()!,
        };
        Waiter? owner = target is GreenScope ? null : OwnersOf(target).FirstOrDefault();
        OwnerThread = owner as GreenThread;
        Owner = owner is null || owner == target ? null : DeadlockWait.NameOf(owner) + (owner is GreenThread { State: GreenThreadState.Ended } ? ", which has ended" : "");
    }

    /// <summary>
    /// A <see cref="GreenPrimitive"/>, a <see cref="GreenThread"/> whose end is waited for, a <see cref="GreenScope"/> whose children's ends are, or a
    /// <see cref="SchedulerGroup"/> whose end is.
    /// </summary>
    public object Target { get; }

    /// <summary>The same for people.</summary>
    public string Description { get; }

    /// <summary>Who alone can let the waiters go on, for people; null if that is not known, as with a channel, and for the end of a green thread, where it is that one.</summary>
    public string? Owner { get; }

    /// <summary>The green thread that it is, if it is one.</summary>
    public GreenThread? OwnerThread { get; }

    /// <summary>What and whose.</summary>
    public override string ToString() => Owner is null ? Description : $"{Description}, owned by {Owner}";

    /// <summary>Without whom the wait for it cannot end: each of them.</summary>
    internal static IEnumerable<Waiter> OwnersOf(object target) => target switch
    {
        GreenPrimitive { OwnerForTools: { } owner } => [owner],
        GreenThread thread => [thread],
        GreenScope scope => scope.CopyChildren(),
        _ => [],
    };
}
