using System.ComponentModel;

namespace GreenThreads;

// Whoever can wait for something: a green thread (which parks), a plain OS thread (which blocks), or a pending asynchronous call (which is
// completed). The event loop and the primitives see only this class, so they work the same from everywhere.
//
// Protocol of the wake-up token, which each waiter has one of:
//   Wake        stores the token; a waiter that sleeps in ParkCore takes it and returns. Any thread, any number of times.
//   ParkCore    returns at once when the token is there (and takes it), otherwise sleeps until there is one or the deadline has passed.
// So a Wake before the ParkCore is never lost, and a ParkCore may return for a Wake that was meant for an earlier wait: every caller looks
// again at what it waits for, in a loop.

/// <summary>Whoever can wait: the base of <see cref="GreenThread"/>. Nothing of it is for users, who cannot derive from it.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class Waiter : WaitNode
{
    private protected Waiter()
    {
    }

    /// <summary>Where this waiter is in the one <see cref="TimerHeap"/> that it is in, or -1. Owner scheduler of that heap only.</summary>
    internal int TimerIndex = -1;

    /// <summary>
    /// What the owner of the list that it is in wants to know about it: each kind of list has its own meaning. Guarded by the list's lock; also
    /// read by the waiter itself once it is out of the list.
    /// </summary>
    internal long ListTag;

    /// <summary><see cref="WaitNode.Wake"/> as a delegate, always the same one.</summary>
    internal Action WakeAction => field ??= Wake;

    /// <summary>The waiter that stands for the calling code: its green thread, or the OS thread when it runs on none.</summary>
    internal static Waiter Current => EventLoopHost.Current.CurrentGreenThread ?? OsThreadWaiter.Current;

    /// <summary>
    /// What it waits for, if that is known: a <see cref="GreenPrimitive"/>, a <see cref="GreenThread"/>, or what else describes it. For tools, and for the report
    /// of deadlocks. Written by itself around its parks.
    /// </summary>
    internal object? WaitsFor
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    }

    /// <summary>Whether only what it waits for can end its wait: there is neither a deadline nor a token. Means something while <see cref="WaitsFor"/> is set.</summary>
    internal bool WaitsForNothingElse { get; set; }

    /// <summary>What its waits for several things at once keep from one to the next; belongs to a higher layer. Only the waiter itself uses it.</summary>
    internal object? SelectState { get; set; }

    internal override Waiter? WaiterForTools => this;

    /// <summary>Sleeps until woken. Only the waiter itself calls it. May return for no reason that the caller knows.</summary>
    /// <returns>False if it returns because the deadline has passed.</returns>
    internal abstract bool ParkCore(Deadline deadline);

    /// <summary>The same, whether or not it is cancelled, for what must come to an end first.</summary>
    internal virtual bool ParkUncanceled(Deadline deadline) => ParkCore(deadline);
}
