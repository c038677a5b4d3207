using System.ComponentModel;
using System.Diagnostics;

namespace GreenThreads;

// A case is of one of two kinds.
//
//   taking     There is something that only one can have: an item, room for one, a permit, a signal. It has a primitive, whose gate guards all that is done here
//              (names that end in Locked), and a node in one of the primitive's lists while the select waits; the counterpart that takes the node out asks
//              TryClaim and hands over.
//   watching   Everybody may see it: a task has completed, a time has passed. Nobody hands over anything; whoever watches is woken, looks again, and chooses the
//              case itself.
//
// All members but Wake and TryClaim are for the waiter that uses the case.

/// <summary>
/// One of the things that a <see cref="Select"/> waits for. An object of its own, to be used again: a loop that makes its cases before it begins allocates nothing.
/// At most one select uses a case at a time.
/// </summary>
public abstract class SelectCase : WaitNode
{
    // Who uses it; null if nobody does. Written by compare-exchange and by who leaves; read by whoever has taken its node out of a list.
    private volatile SelectWait? _wait;

    private protected SelectCase()
    {
    }

    internal override Waiter? WaiterForTools => Waiter;

    /// <summary>Its place among the cases of the select that uses it.</summary>
    internal int Index { get; private set; }

    /// <summary>Who waits with it; null if nobody uses it. For tools.</summary>
    internal Waiter? Waiter => _wait?.Waiter;

    /// <summary>Taking: what it takes from or gives to. Null for one that watches.</summary>
    internal virtual GreenPrimitive? Primitive => null;

    /// <summary>A <see cref="GreenPrimitive"/> or a <see cref="GreenThread"/>, if it waits for one; the report of deadlocks follows it.</summary>
    internal virtual object? Target => Primitive;

    /// <summary>Whether its wait may end by something that the report of deadlocks does not know: time, a token, a task, a descriptor, a signal.</summary>
    internal virtual bool MayEndFromElsewhere => Primitive is not { IsFedFromOutside: false };

    /// <summary>Marks it as used.</summary>
    /// <returns>False if another select uses it, or the same one has it twice.</returns>
    internal bool TryEnter(SelectWait wait, int index)
    {
        if (Interlocked.CompareExchange(ref _wait, wait, null) is not null)
            return false;
        Index = index;
        return true;
    }

    /// <summary>Nobody uses it any more.</summary>
    internal void Leave() => _wait = null; // Release: the next user sees all that this one has done.

    /// <summary>The select begins. What it throws leaves the select; then <see cref="End"/> is not called.</summary>
    /// <returns>When the case becomes ready by itself.</returns>
    internal virtual Deadline Begin() => Deadline.Never;

    /// <summary>The select is over, however.</summary>
    internal virtual void End()
    {
    }

    /// <summary>Taking: takes or gives at once, if that is possible.</summary>
    /// <param name="toWake">Who is owed a wake-up once the gates are free.</param>
    internal virtual bool TryTakeLocked(out WaitNode? toWake) => throw new UnreachableException();

    /// <summary>Taking: puts its node into a list.</summary>
    /// <returns>Who is owed a wake-up once the gates are free, if anybody.</returns>
    internal virtual WaitNode? AddLocked() => throw new UnreachableException();

    /// <summary>Taking: takes its node out, if it is in.</summary>
    internal virtual void RemoveLocked() => throw new UnreachableException();

    /// <summary>Watching: whether it has happened. May throw.</summary>
    internal virtual bool IsReady() => throw new UnreachableException();

    /// <summary>Watching: sees to it that the waiter is woken when it happens. May throw; <see cref="Disarm"/> follows in any case.</summary>
    /// <returns>True if it has happened.</returns>
    internal virtual bool Arm(Waiter waiter) => throw new UnreachableException();

    /// <summary>Watching: whether it has happened since <see cref="Arm"/>. May throw.</summary>
    internal virtual bool IsReadyNow(Waiter waiter) => IsReady();

    /// <summary>Watching: leaves nothing behind of <see cref="Arm"/>, if that was called.</summary>
    internal virtual void Disarm()
    {
    }

    /// <summary>It was chosen: keeps its result, and throws what its outcome is to throw. The gates are free.</summary>
    internal virtual void Complete()
    {
    }

    /// <inheritdoc/>
    [EditorBrowsable(EditorBrowsableState.Never)]
    internal override void Wake() => _wait?.Waiter.Wake(); // Late, it wakes for nothing whoever uses the case by now, which does no harm.

    /// <inheritdoc/>
    [EditorBrowsable(EditorBrowsableState.Never)]
    internal override bool TryClaim() => _wait!.TryChoose(Index);
}
