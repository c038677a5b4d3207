using System.Diagnostics;

namespace GreenThreads;

/// <summary>What one waits for at a descriptor.</summary>
internal enum WaitDirection
{
    /// <summary>Bytes, a connection, the end of the stream or an error can be read.</summary>
    Read,

    /// <summary>Bytes can be written, a connect has ended, or a write would fail.</summary>
    Write,

    /// <summary>Nothing of the kernel's: the close, and a <see cref="Interest.Nudge"/>. A pause that a Dispose cuts short.</summary>
    Close,
}

/// <summary>How a wait ended.</summary>
internal enum WaitOutcome
{
    /// <summary>Something may have changed: try again.</summary>
    Ready,

    /// <summary>The deadline has passed.</summary>
    TimedOut,

    /// <summary>The owner closed the descriptor.</summary>
    Closed,
}

// One descriptor's readiness, and who waits for it.
//
// The kernel tells a change once (edge-triggered), so what it tells must not be lost between a try and a wait. Each direction therefore counts
// its edges:
//   waiter:  seen = edges (acquire)  ->  try the system call  ->  EAGAIN  ->  lock: edges == seen ? link : try again
//   poller:  edge                    ->  lock: edges++, unlink all of that direction     ->  the scheduler wakes them
// No wake-up is lost: EAGAIN means that nothing was there at some moment after "seen" was read, so what comes later makes an edge that the
// poller counts later. If it counts before the waiter takes the lock, edges != seen; if after, the waiter is in the list. A first wait registers
// under the same lock before it links, and the kernel reports at once what is ready at the time of registration.
// Everybody in the list is woken: two connections may have come in one edge, and nobody tells how much is there. Who finds nothing waits again.
//
// Rejected:
//   - A sticky ready flag instead of the count. Set by an edge whose data has been read meanwhile, it costs one failing system call for each
//     edge; cleared when there are waiters, it loses the wake-up of the thread that is between its EAGAIN and its lock.
//   - Waking one waiter per edge: it may take less than there is, and no further edge comes for the others.
//   - Oneshot registrations: an epoll_ctl for every wait.
//
// An edge carries the interest's key, which is its descriptor and a generation. The key is new at each registration and 0 when there is none, so
// an event of the same batch for a descriptor that was closed, and perhaps reused, finds another key and is ignored.
//
// Order of locks: an interest's gate, then its loop's gate. Nothing parks under either.
internal sealed class Interest
{
    private const uint ReadMask = Interop.EPOLLIN | Interop.EPOLLRDHUP | Interop.EPOLLHUP | Interop.EPOLLERR;
    private const uint WriteMask = Interop.EPOLLOUT | Interop.EPOLLHUP | Interop.EPOLLERR;

    private SpinGate _gate;

    // Guarded by _gate; the edges are read without it.
    private WaitList _readers;
    private WaitList _writers;
    private WaitList _closeWaiters;
    private int _readEdges;
    private int _writeEdges;
    private int _nudges;
    private bool _isClosed;
    private bool _isFree = true;
    private EventLoop? _loop;
    private ulong _key;

    internal Interest(int descriptor, bool isShared = false)
    {
        Descriptor = descriptor;
        IsShared = isShared;
    }

    internal int Descriptor { get; }

    /// <summary>True for a descriptor that is not ours (<see cref="EventLoop.WaitReadable(int)"/>): it is registered only while somebody waits.</summary>
    internal bool IsShared { get; }

    /// <summary>Stands for this registration in the kernel's events, 0 without one. Does not change while the loop's gate is held and its table
    /// has this interest.</summary>
    internal ulong Key => Volatile.Read(ref _key);

    /// <summary>How many wait here who do not own the descriptor. Guarded by the loop's gate.</summary>
    internal int Users { get; set; }

    /// <summary>
    /// Whether a shared one is in no loop's table and nobody has it, so that who made it may use it again. A poll that is late may still come to it, with its old
    /// key, and count an edge, which does no harm.
    /// </summary>
    internal bool IsFree
    {
        get => Volatile.Read(ref _isFree);
        set => Volatile.Write(ref _isFree, value); // Release: pairs with the read of who uses it again, under another loop's gate perhaps.
    }

    /// <summary>Whether the owner has closed the descriptor. Surely seen by a waiter that was taken out of its list by it.</summary>
    internal bool IsClosed => Volatile.Read(ref _isClosed);

    /// <summary>The count to read before the try, for the <see cref="Wait"/> after it.</summary>
    internal int EdgesOf(WaitDirection direction) => direction switch
    {
        WaitDirection.Read => Volatile.Read(ref _readEdges), // Acquire: the try must not move before it. Pairs with the gate in OnEvents.
        WaitDirection.Write => Volatile.Read(ref _writeEdges),
        _ => Volatile.Read(ref _nudges),
    };

    /// <summary>Whether somebody waits in a direction at this moment; for tests and dumps.</summary>
    internal bool HasWaiters(WaitDirection direction)
    {
        using (_gate.Enter())
            return !ListOf(direction).IsEmpty;
    }

    /// <summary>Waits until there was an edge since <paramref name="seen"/> was read. Parks.</summary>
    /// <exception cref="SystemCallException">The descriptor could not be registered.</exception>
    /// <param name="direction">What the caller waits for.</param>
    /// <param name="seen">The count.</param>
    /// <param name="waiter">The caller.</param>
    /// <param name="deadline">When to give up.</param>
    /// <param name="comesByRing">A ring makes the edges (<see cref="ReceiveQueue"/>): epoll need not know of this wait.</param>
    internal WaitOutcome Wait(WaitDirection direction, int seen, Waiter waiter, Deadline deadline, bool comesByRing = false)
    {
        if (TryLink(direction, seen, waiter, comesByRing) is { } outcome)
            return outcome;
        try
        {
            while (true)
            {
                bool isInTime = waiter.ParkCore(deadline);
                using (_gate.Enter())
                {
                    if (!waiter.IsInList)
                        return _isClosed ? WaitOutcome.Closed : WaitOutcome.Ready;
                    if (!isInTime)
                    {
                        ListOf(direction).Remove(waiter);
                        return WaitOutcome.TimedOut;
                    }
                }
            }
        }
        catch
        {
            // The park itself failed, for example by Thread.Interrupt: the waiter must not stay behind.
            Unlink(direction, waiter);
            throw;
        }
    }

    /// <summary>The same for an asynchronous call: completes instead of parking, from any thread, never inside a poll.</summary>
    internal async ValueTask<WaitOutcome> WaitAsync(WaitDirection direction, int seen, bool comesByRing, CancellationToken cancellationToken)
    {
        var waiter = new AsyncWaiter(this, direction);
        if (TryLink(direction, seen, waiter, comesByRing) is { } outcome)
            return outcome;
        await waiter.WaitAsync(cancellationToken).ConfigureAwait(false);
        using (_gate.Enter())
            return _isClosed ? WaitOutcome.Closed : WaitOutcome.Ready;
    }

    /// <summary>Takes a waiter out that gives up, if it is still in.</summary>
    internal void Unlink(WaitDirection direction, WaitNode waiter)
    {
        using (_gate.Enter())
        {
            if (waiter.IsInList)
                ListOf(direction).Remove(waiter);
        }
    }

    /// <summary>Counts the edges of an event and hands over whom it concerns. Called by whoever polls the loop.</summary>
    internal void OnEvents(ulong key, uint events, List<WaitNode> ready)
    {
        using (_gate.Enter())
        {
            if (_key != key)
                return;
            if ((events & ReadMask) != 0)
            {
                _readEdges++;
                _readers.MoveTo(ready);
            }
            if ((events & WriteMask) != 0)
            {
                _writeEdges++;
                _writers.MoveTo(ready);
            }
        }
    }

    /// <summary>The kernel has put something into a <see cref="ReceiveQueue"/>, which is as much as a read edge. Called by whoever looks at completions.</summary>
    internal void OnArrival(List<WaitNode> ready)
    {
        using (_gate.Enter())
        {
            _readEdges++;
            _readers.MoveTo(ready);
        }
    }

    /// <summary>Ends the registration of an owned interest whose read edges a ring makes from now on, unless somebody waits to write.</summary>
    internal void LeaveLoop()
    {
        if (_loop is null)
            return;
        using (_gate.Enter())
        {
            if (_loop is null || _isClosed || !_writers.IsEmpty)
                return;
            _loop.Deregister(this);
            Attach(null, 0);
        }
    }

    /// <summary>The owner closes the descriptor: everybody wakes, and nobody waits here any more. Before the close, any thread, any number of times.</summary>
    internal void Close()
    {
        using (_gate.Enter())
        {
            if (_isClosed)
                return;
            _isClosed = true;
            _loop?.Deregister(this);
            ForgetLoop();
        }
        if (!IsShared)
            OwnedInterests.CloseGuestsOf(this);
    }

    /// <summary>Whoever waits for the close only shall look again at what else it waits for. Any thread.</summary>
    internal void Nudge()
    {
        using (_gate.Enter())
        {
            _nudges++;
            _closeWaiters.WakeAll();
        }
    }

    /// <summary>The loop goes away, or another interest took the registration over: everybody wakes, tries, and registers anew where it waits next.</summary>
    internal void Detach()
    {
        using (_gate.Enter())
            ForgetLoop();
    }

    /// <summary>Called by the loop when it registers this interest, under this interest's gate or before anybody else knows it.</summary>
    internal void Attach(EventLoop? loop, ulong key)
    {
        _loop = loop;
        _key = key;
    }

    /// <summary>Links the waiter, registering first if need be.</summary>
    /// <returns>Null if the waiter is in the list now, otherwise why there is nothing to wait for.</returns>
    internal WaitOutcome? TryLink(WaitDirection direction, int seen, WaitNode waiter, bool comesByRing = false)
    {
        bool needsLoop = direction != WaitDirection.Close && !comesByRing;
        // Asked outside the gate: it may have to start the default group. What is read here without the gate is looked at again below.
        EventLoop? loop = _loop is null && needsLoop ? EventLoopHost.Current.LoopOfCaller : null;
        using (_gate.Enter())
        {
            if (_isClosed)
                return WaitOutcome.Closed;
            if (EdgesOf(direction) != seen)
                return WaitOutcome.Ready;
            if (_loop is null && needsLoop)
            {
                // A shared interest is registered by its borrower, and only detached when its loop went away; an owned one may have been
                // detached since the look above. Both try again.
                if (IsShared || loop is null)
                    return WaitOutcome.Ready;
                if (!loop.TryRegister(this, out Interest? displaced))
                    return WaitOutcome.Ready;
                displaced?.Detach();
            }
            ListOf(direction).Add(waiter);
            return null;
        }
    }

    private void ForgetLoop()
    {
        _gate.AssertHeld();
        _loop = null;
        _key = 0;
        _readEdges++;
        _writeEdges++;
        _readers.WakeAll();
        _writers.WakeAll();
        if (_isClosed)
            _closeWaiters.WakeAll();
    }

    private ref WaitList ListOf(WaitDirection direction)
    {
        switch (direction)
        {
            case WaitDirection.Read:
                return ref _readers;
            case WaitDirection.Write:
                return ref _writers;
            default:
                return ref _closeWaiters;
        }
    }
}
