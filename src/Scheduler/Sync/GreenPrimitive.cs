using System.ComponentModel;
using System.Runtime.CompilerServices;

namespace GreenThreads;

// What locks, channels and the like have in common: a gate, a name, and the wait for a place in a list.
//
// Protocol of every wait:
//   waiter   gate: what I want is not there -> into the list -> gate free -> park until out of the list
//   granter  gate: out of the list, and what was waited for is its own now -> gate free -> Wake
//   giving up (deadline, token, cancellation)   gate: still in the list? then out of it, nothing was taken; else it was granted, and counts
// So leaving the list is the one step that decides, and under the gate only one can make it. A waiter that sees itself outside needs no gate
// (WaitNode.IsInList). A wake-up may come late, when the waiter waits for something else already; Waiter says why that does no harm.
//
// A grant that comes together with a cancellation counts as a grant: the permit, lock or item has an owner, and the green thread learns of its
// cancellation at its next park.
//
// Nothing parks under the gate (SpinGate). Order of gates: a Select takes those of all its cases in the order of their numbers; otherwise nobody takes one within
// another, save that the gate of a green thread that ends comes before those of primitives.

/// <summary>What locks, channels and the like have in common. Users cannot derive from it.</summary>
public abstract class GreenPrimitive
{
    private static long s_lastNumber;

    // Guards the lists of waiters, and what the derived class says.
    private SpinGate _gate;

    // OS threads that have a reference, as far as they have shown: see NoteCaller.
    private OutsideHolders _outsideHolders;

    private protected GreenPrimitive()
    {
        Number = Interlocked.Increment(ref s_lastNumber);
        NoteCaller(GreenThread.Current);
    }

    /// <summary>For people and tools; null if it was given none.</summary>
    public string? Name { get; set; }

    /// <summary>How many wait here at this moment, green threads and OS threads. For people and tools: it has changed when the caller looks at it.</summary>
    public int WaiterCount
    {
        get
        {
            using (_gate.Enter())
            {
                int count = 0;
                for (int i = 0; i < ListCount; i++)
                    count += ListAt(i).Count();
                return count;
            }
        }
    }

    /// <summary>The number of the youngest.</summary>
    internal static long LastNumber => Volatile.Read(ref s_lastNumber);

    /// <summary>The order in which gates are taken, where several are; younger ones have higher ones.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    internal long Number { get; }

    internal ref SpinGate Gate => ref _gate;

    /// <summary>Who alone can let the waiters go on, if that is known, as with the owner of a lock. For tools, and for the report of deadlocks.</summary>
    internal virtual Waiter? OwnerForTools => null;

    /// <summary>Whether what its waiters wait for may come from outside of the process, so that no wait here is for ever as far as anybody knows.</summary>
    internal virtual bool IsFedFromOutside => false;

    /// <summary>How many lists of waiters it has.</summary>
    private protected virtual int ListCount => 1;

    /// <summary>One of its lists of waiters, to be looked at by a caller that has the gate.</summary>
    private protected abstract WaitList ListAt(int index);

    /// <summary>Those who wait, in their order. For tools, and for the report of deadlocks; takes the gate.</summary>
    internal void CopyWaitersTo(List<WaitNode> waiters)
    {
        using (_gate.Enter())
        {
            for (int i = 0; i < ListCount; i++)
                ListAt(i).CopyTo(waiters);
        }
    }

    /// <summary>The first OS thread that has shown to have a reference; null if none has.</summary>
    internal OsThreadWaiter? OutsideHolder => _outsideHolders.First;

    /// <summary>Whether more have than can be told.</summary>
    internal bool HasSeveralOutsideHolders => _outsideHolders.AreTooMany;

    /// <summary>The OS threads that have shown to have a reference.</summary>
    /// <returns>False if there were too many of them to be remembered.</returns>
    internal bool TryCopyOutsideHoldersTo(List<OsThreadWaiter> holders)
    {
        using (_gate.Enter())
            return _outsideHolders.TryCopyTo(holders);
    }

    /// <summary>The kind and the name, or the kind and the number.</summary>
    public override string ToString()
    {
        string kind = GetType().Name;
        int arity = kind.IndexOf('`', StringComparison.Ordinal);
        if (arity >= 0)
            kind = $"{kind.AsSpan(0, arity)}<{GetType().GenericTypeArguments[0].Name}>";
        return Name is { } name ? $"{kind} \"{name}\"" : $"{kind} #{Number}";
    }

    /// <summary>The waiter of the calling code, and notes that it has a reference to this. To be the first step of every operation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected Waiter EnterAsWaiter()
    {
        Coroutine? coroutine = Coroutine.Current;
        return coroutine is not null ? Unsafe.As<Waiter>(coroutine.Tenant)! : EnterFromOsThread();
    }

    /// <summary>Notes that an OS thread has a reference to this, if the caller is one. To be the first step of operations that do not wait.</summary>
    private protected void NoteCaller(GreenThread? caller)
    {
        if (caller is null)
            NoteOutsideHolder(OsThreadWaiter.Current);
    }

    // Or from a green thread of bound mode, which is one.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private Waiter EnterFromOsThread()
    {
        GreenThread? self = GreenThread.Current;
        NoteCaller(self);
        return (Waiter?)self ?? OsThreadWaiter.Current;
    }

    /// <summary>Notes that others may have a reference to this of whom it will never learn: asynchronous code, which runs on any thread, or who asks for a name.</summary>
    internal void NoteUnknownHolders() => _outsideHolders.AddUnknown();

    /// <summary>Notes that an OS thread has a reference to this.</summary>
    internal void NoteOutsideHolder(OsThreadWaiter caller)
    {
        if (_outsideHolders.Knows(caller))
            return;
        using (_gate.Enter())
            _outsideHolders.Add(caller);
    }

    /// <summary>Parks until the node has left its list. The node was put into the list under the gate, which is free now.</summary>
    /// <param name="list">The list, a field of this object.</param>
    /// <param name="node">The place in it; often the waiter itself.</param>
    /// <param name="self">Who waits: the caller.</param>
    /// <param name="deadline">Ends the wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>True if somebody else took it out of the list, which means that it was granted. Otherwise it has left the list with nothing taken.</returns>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled; the node has left the list with nothing taken.</exception>
    private protected bool ParkUntilGranted(ref WaitList list, WaitNode node, Waiter self, Deadline deadline, CancellationToken cancellationToken)
    {
        self.WaitsForNothingElse = deadline.IsNever && !cancellationToken.CanBeCanceled && !IsFedFromOutside;
        self.WaitsFor = this;
        CancellationTokenRegistration registration = default;
        try
        {
            if (cancellationToken.CanBeCanceled)
                registration = cancellationToken.UnsafeRegister(static state => ((Waiter)state!).Wake(), self);
            while (node.IsInList)
            {
                if (cancellationToken.IsCancellationRequested || deadline.HasPassed)
                    break;
                self.ParkCore(deadline);
            }
        }
        catch (Exception exception) when (!TryLeave(ref list, node))
        {
            if (!TryPutOff(exception))
                throw;
        }
        finally
        {
            self.WaitsFor = null;
            registration.Unregister(); // Not Dispose, which waits for a wake-up that is under way: a late one does no harm.
        }
        return !TryLeave(ref list, node);
    }

    /// <summary>The same where nothing but the grant ends the wait: cheaper by what a deadline and a token cost.</summary>
    private protected void ParkUntilGranted(ref WaitList list, WaitNode node, Waiter self)
    {
        self.WaitsForNothingElse = true;
        self.WaitsFor = this;
        try
        {
            while (node.IsInList)
                self.ParkCore(Deadline.Never);
        }
        catch (Exception exception)
        {
            self.WaitsFor = null;
            if (TryLeave(ref list, node) || !TryPutOff(exception))
                throw;
        }
        self.WaitsFor = null;
    }

    /// <summary>Takes all out of a list who came in an earlier round (<see cref="Waiter.ListTag"/>), and wakes them: some at a time, so that the gate is not held for long.</summary>
    private protected void WakeAllBefore(long round, ref WaitList list)
    {
        WakeBatch ready = default;
        bool mayBeMore;
        do
        {
            using (_gate.Enter())
                mayBeMore = ready.TakeFrom(ref list, round);
            ready.Wake();
        }
        while (mayBeMore);
    }

    // Granted all the same. A green thread that is cancelled learns of it at its next park, an interrupted OS thread at its next wait.
    private static bool TryPutOff(Exception exception)
    {
        if (exception is ThreadInterruptedException)
            Thread.CurrentThread.Interrupt();
        return exception is ThreadInterruptedException or GreenThreadCanceledException;
    }

    /// <summary>Takes a node out of its list that gives up.</summary>
    /// <returns>False if it is out of the list already: it was granted.</returns>
    private bool TryLeave(ref WaitList list, WaitNode node)
    {
        if (!node.IsInList)
            return false;
        using (_gate.Enter())
        {
            if (!node.IsInList)
                return false;
            list.Remove(node);
            return true;
        }
    }
}
