using System.ComponentModel;

namespace GreenThreads;

/// <summary>
/// A place in a <see cref="WaitList"/>: a <see cref="Waiter"/> itself, which waits for one thing at a time, or one of several places of a waiter that waits for
/// several things at once. Nothing of it is for users, who cannot derive from it.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class WaitNode
{
    private bool _isInList;

    private protected WaitNode()
    {
    }

    /// <summary>Links of the one list that it is in; guarded by that list's lock.</summary>
    internal WaitNode? NextInList;
    internal WaitNode? PreviousInList;

    /// <summary>
    /// Whether it is in a list. Changed under the list's lock, and after everything else that is told by leaving the list, so that who finds itself outside
    /// need not take that lock.
    /// </summary>
    internal bool IsInList
    {
        get => Volatile.Read(ref _isInList);
        set => Volatile.Write(ref _isInList, value); // Release: pairs with the read.
    }

    /// <summary>Who waits here, if that is a thread of either kind. For the report of deadlocks.</summary>
    internal virtual Waiter? WaiterForTools => null;

    /// <summary>What still stands for whoever waits here when it has left the list: not a place that serves others then. For tools.</summary>
    internal virtual WaitNode NodeForTools => this;

    /// <summary>Tells whoever waits here that it has left the list, or that it should look. Any thread; never blocks, parks or throws.</summary>
    internal abstract void Wake();

    /// <summary>
    /// For one who takes it out of a list, under the list's lock, to hand something over that only one can have: whether it still wants it. False if it is one of
    /// several places of a waiter that has got something at another.
    /// </summary>
    internal virtual bool TryClaim() => true;
}
