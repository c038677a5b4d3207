namespace GreenThreads;

/// <summary>
/// How the waits of stock .NET code on green threads (a contended <c>lock</c>, <c>Task.Wait</c>, a <see cref="WaitHandle"/>) went on, from the cheapest
/// way to the dearest; docs/blocking.md tells of each. Waits in bound mode, and those that had to block their OS thread, are not counted.
/// </summary>
public readonly record struct ManagedWaits
{
    /// <summary>What was waited for was there when the runtime asked.</summary>
    public required long AtOnce { get; init; }

    /// <summary>It was there after other green threads had run for a moment.</summary>
    public required long AfterYield { get; init; }

    /// <summary>A waiter thread waited in its place, and the green thread was parked.</summary>
    public required long HandedOver { get; init; }

    /// <summary>Such as cannot be handed over, of several handles at once for example: looked at now and then, and parked in between.</summary>
    public required long LookedAt { get; init; }
}
