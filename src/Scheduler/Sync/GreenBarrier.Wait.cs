namespace GreenThreads;

public sealed partial class GreenBarrier
{
    // What a place in the list says (Waiter.ListTag): for which phase it waits, or, once it is out of the list, that this phase will not end.
    private const long Broken = -1;

    // Guarded by the gate.
    private WaitList _waiters;

    /// <inheritdoc/>
    public override int WaiterCount
    {
        get
        {
            using (Gate.Enter())
                return _waiters.Count();
        }
    }

    internal override void CopyWaitersTo(List<WaitNode> waiters)
    {
        using (Gate.Enter())
            _waiters.CopyTo(waiters);
    }

    /// <returns>False if the deadline has passed or the token was cancelled; the barrier is broken then.</returns>
    private bool SignalAndWaitCore(Deadline deadline, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Waiter self = EnterAsWaiter();
        long phase;
        bool isLast;
        using (Gate.Enter())
        {
            if (_isBroken)
                ThrowBroken(_failure);
            if (_isInAction)
                throw new InvalidOperationException($"more than the {Parties} parties of {this} have arrived");
            phase = _phase;
            isLast = ++_arrived == Parties;
            if (!isLast)
            {
                self.ListTag = phase;
                _waiters.Add(self);
            }
            else if (_postPhaseAction is null)
            {
                EndPhaseLocked();
            }
            else
            {
                _isInAction = true;
            }
        }
        if (!isLast)
            return WaitForOthers(self, phase, deadline, cancellationToken);
        if (_postPhaseAction is not null)
            RunAction(_postPhaseAction, phase);
        WakeAllOf(phase, outcome: phase);
        return true;
    }

    private bool WaitForOthers(Waiter self, long phase, Deadline deadline, CancellationToken cancellationToken)
    {
        bool isOver = false;
        try
        {
            isOver = ParkUntilGranted(ref _waiters, self, self, deadline, cancellationToken);
        }
        finally
        {
            // In that moment the others may have ended the phase all the same.
            if (!isOver)
                isOver = !TryBreak(phase, null);
        }
        if (self.ListTag == Broken || (isOver && phase <= Volatile.Read(ref _lastReset)))
            ThrowBroken(Volatile.Read(ref _failure));
        return isOver;
    }

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
        using (Gate.Enter())
        {
            _isInAction = false;
            if (_isBroken)
                ThrowBroken(null);
            EndPhaseLocked();
        }
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

    /// <summary>Wakes those who wait for a phase, or an earlier one, and tells them what became of it.</summary>
    private void WakeAllOf(long phase, long outcome)
    {
        WakeBatch ready = default;
        bool mayBeMore;
        do
        {
            using (Gate.Enter())
                mayBeMore = ready.TakeFrom(ref _waiters, before: phase + 1, outcome);
            ready.Wake();
        }
        while (mayBeMore);
    }
}
