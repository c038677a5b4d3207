namespace GreenThreads;

/// <summary>Something that happens once, and those who wait for it: green threads park, OS threads block.</summary>
internal sealed class Signal
{
    // Guards _waiters and the step to set.
    private SpinGate _gate;
    private WaitList _waiters;
    private volatile bool _isSet;

    internal bool IsSet => _isSet;

    /// <summary>Any thread, any number of times.</summary>
    internal void Set()
    {
        using (_gate.Enter())
        {
            _isSet = true;
            _waiters.WakeAll();
        }
    }

    /// <summary>Waits. Parks.</summary>
    /// <returns>False if the deadline has passed first.</returns>
    internal bool Wait(Deadline deadline)
    {
        Waiter self = Waiter.Current;
        using (_gate.Enter())
        {
            if (_isSet)
                return true;
            _waiters.Add(self);
        }
        try
        {
            while (!_isSet && !deadline.HasPassed)
                self.ParkCore(deadline);
        }
        finally
        {
            using (_gate.Enter())
            {
                if (self.IsInList)
                    _waiters.Remove(self);
            }
        }
        return _isSet;
    }
}
