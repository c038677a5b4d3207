namespace GreenThreads;

public sealed partial class GreenBarrier
{
    // What a place in the list says (Waiter.ListTag): for which phase it waits, or, once it is out of the list, that this phase will not end.
    private const long Broken = -1;

    // Guarded by the gate.
    private WaitList _waiters;

    private protected override WaitList ListAt(int index) => _waiters;

    /// <returns>False if the deadline has passed or the token was cancelled; the barrier is broken then.</returns>
    private bool SignalAndWaitCore(Deadline deadline, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Waiter self = EnterAsWaiter();
        long phase;
        bool isLast;
        bool isRefused;
        bool isBroken;
        Exception? failure;
        using (Gate.Enter())
        {
            phase = _phase;
            isBroken = _isBroken;
            failure = _failure;
            isRefused = isBroken || _isInAction;
            isLast = !isRefused && ++_arrived == Parties;
            if (isLast)
            {
                if (_postPhaseAction is null)
                    EndGoodPhaseLocked();
                else
                    _isInAction = true;
            }
            else if (!isRefused)
            {
                self.ListTag = phase;
                _waiters.Add(self);
            }
        }
        // Thrown with the gate free: filters and handlers of a user's run before a finally block frees it.
        if (isBroken)
            ThrowBroken(failure);
        if (isRefused)
            throw new InvalidOperationException($"more than the {Parties} parties of {this} have arrived");
        if (!isLast)
            return WaitForOthers(self, phase, deadline, cancellationToken);
        if (_postPhaseAction is not null)
            RunAction(_postPhaseAction, phase);
        WakeAllOf(phase, outcome: phase);
        return true;
    }

    private bool WaitForOthers(Waiter self, long phase, Deadline deadline, CancellationToken cancellationToken)
    {
        bool isTaken = false;
        bool isOver = false;
        try
        {
            isTaken = ParkUntilGranted(ref _waiters, self, self, deadline, cancellationToken);
        }
        finally
        {
            // In that moment the others may have ended the phase all the same.
            isOver = isTaken || !TryBreak(phase, null);
        }
        if (isTaken ? self.ListTag == Broken : isOver && HasEndedByReset(phase))
            ThrowBroken(Volatile.Read(ref _failure));
        return isOver;
    }

    // Of a phase that is over, for one who was not told. If two further phases have ended since, of either kind, it is a guess.
    private bool HasEndedByReset(long phase) => phase <= Volatile.Read(ref _lastReset) && phase != Volatile.Read(ref _lastGood);

    private void RunAction(Action action, long phase)
    {
        try
        {
            action();
        }
        catch (Exception exception)
        {
            TryBreak(phase, exception);
            throw;
        }
        bool isBroken;
        using (Gate.Enter())
        {
            _isInAction = false;
            isBroken = _isBroken;
            if (!isBroken)
                EndGoodPhaseLocked();
        }
        if (isBroken)
            ThrowBroken(null);
    }

    private void EndGoodPhaseLocked()
    {
        Volatile.Write(ref _lastGood, _phase);
        EndPhaseLocked();
    }

    /// <summary>Ends the phase with nobody left to arrive for it; those in the list are to be woken.</summary>
    /// <returns>The phase that has ended.</returns>
    private long EndPhaseLocked()
    {
        _arrived = 0;
        Volatile.Write(ref _phase, _phase + 1);
        return _phase - 1;
    }

    /// <summary>Breaks the barrier in a phase.</summary>
    /// <returns>False if the phase is over.</returns>
    private bool TryBreak(long phase, Exception? failure)
    {
        using (Gate.Enter())
        {
            if (_phase != phase)
                return false;
            if (!_isBroken)
                Volatile.Write(ref _failure, failure);
            if (failure is not null)
                _isInAction = false;
            Volatile.Write(ref _isBroken, true);
        }
        WakeAllOf(phase, Broken);
        return true;
    }

    /// <summary>Wakes those who wait for a phase, and tells them what became of it.</summary>
    private void WakeAllOf(long phase, long outcome)
    {
        WakeBatch ready = default;
        bool mayBeMore;
        do
        {
            using (Gate.Enter())
                mayBeMore = TakeLocked(phase, outcome, ref ready);
            ready.Wake();
        }
        while (mayBeMore);
    }

    /// <returns>Whether there are more of them, for another time under the gate.</returns>
    private bool TakeLocked(long phase, long outcome, ref WakeBatch ready)
    {
        WaitNode? node = _waiters.First;
        while (node is Waiter waiter && waiter.ListTag <= phase)
        {
            node = node.NextInList;
            // Of an earlier phase: whoever has ended that is about to take them, and knows how it ended.
            if (waiter.ListTag < phase)
                continue;
            if (ready.IsFull)
                return true;
            waiter.ListTag = outcome; // Before it leaves the list: then it looks.
            _waiters.Remove(waiter);
            ready.Add(waiter);
        }
        return false;
    }
}
