namespace GreenThreads;

// The waiter threads of a group: as many as it takes for the handles that its green threads wait for, 63 to a thread, up to a limit.
//
// A wait goes to the first thread that has room, so that the last ones become idle first; who has had nothing to do for a while ends. When all are full
// and there may not be more, waits go to the last one beyond its room: it looks at them in turns (HandleWaiter), which is slower, not wrong.
//
// Rejected: a fixed number of threads that look at everything in turns (a lock that is handed over would wait for its turn each time); the runtime's own
// wait threads (see GreenSynchronizationContext.Wait.cs).

/// <summary>Waits for handles on behalf of green threads.</summary>
internal sealed class HandleWaiters(SchedulerGroup group)
{
    /// <summary>OS threads at most.</summary>
    private readonly int _maximum = group.MaximumWaiterThreads;

    // Guards all below, and the reservations and inboxes of the waiters. Never parked over.
    private SpinGate _gate;
    private readonly List<HandleWaiter> _waiters = [];
    private int _firstWithRoom;
    private int _numbered;
    private bool _isStopping;
    private HandleWaiter[] _last = [];

    internal int ThreadCount
    {
        get
        {
            using (_gate.Enter())
                return _waiters.Count;
        }
    }

    /// <summary>Waits until one of the handles is signalled. Parks the calling green thread.</summary>
    /// <returns>
    /// As <see cref="GreenSynchronizationContext.Wait"/>, a time-out also when it was cut short because the green thread is cancelled; null if these handles
    /// cannot be waited for together with others.
    /// </returns>
    internal int? Wait(GreenThread self, IntPtr[] handles, Deadline deadline)
    {
        var wait = new HandleWait(self, handles, deadline);
        Add(wait);
        Deadline patience = Deadline.Never;
        while (!wait.IsOver)
        {
            if (self.IsCanceled && patience.IsNever)
                patience = Deadline.After(GreenSynchronizationContext.Patience);
            else if (patience.HasPassed && !wait.IsWithdrawn)
                wait.Withdraw();
            self.ParkUncanceled(wait.IsWithdrawn ? Deadline.Never : patience);
        }
        return wait.Answer switch
        {
            HandleWait.Withdrawn => GreenSynchronizationContext.WaitTimeout,
            HandleWait.CannotBeShared => null,
            int answer => answer,
        };
    }

    /// <summary>Lets the waiter threads end: no green thread is left. Any thread; does not block.</summary>
    internal void Stop()
    {
        using (_gate.Enter())
        {
            _isStopping = true;
            _last = [.. _waiters];
        }
        foreach (HandleWaiter waiter in _last)
            waiter.Wake();
    }

    /// <summary>Waits for their end. After <see cref="Stop"/>. Blocks.</summary>
    internal void WaitForEnd()
    {
        foreach (HandleWaiter waiter in _last)
            waiter.WaitForEnd();
    }

    /// <summary>Moves what has arrived for a waiter into its own list. The waiter itself.</summary>
    /// <returns>False if it is to end: it has nothing to do, and the group ends or it has been idle for long.</returns>
    internal bool TryTakeInbox(HandleWaiter waiter, List<HandleWait> waits, bool wasIdle)
    {
        using (_gate.Enter())
        {
            waits.AddRange(waiter.Inbox);
            waiter.Inbox.Clear();
            if (waits.Count != 0 || !(wasIdle || _isStopping))
                return true;
            Remove(waiter);
            return false;
        }
    }

    /// <summary>A waiter has room again.</summary>
    internal void Release(HandleWaiter waiter, int handles)
    {
        using (_gate.Enter())
        {
            waiter.Reserved -= handles;
            _firstWithRoom = Math.Min(_firstWithRoom, waiter.Place);
        }
    }

    private void Add(HandleWait wait)
    {
        int count = wait.Handles.Length;
        HandleWaiter waiter;
        bool isNew = false;
        using (_gate.Enter())
        {
            if (FindRoom(count) is { } present)
            {
                waiter = present;
            }
            else if (_waiters.Count < _maximum)
            {
                waiter = new HandleWaiter(this, $"{group.Name}-waiter-{_numbered++}") { Place = _waiters.Count };
                _waiters.Add(waiter);
                isNew = true;
            }
            else
            {
                waiter = _waiters[^1];
            }
            waiter.Receive(wait);
        }
        if (!isNew)
            waiter.Wake();
        else if (!waiter.TryStart())
            PassOn(waiter);
    }

    private HandleWaiter? FindRoom(int count)
    {
        for (int i = _firstWithRoom; i < _waiters.Count; i++)
        {
            if (_waiters[i].Reserved + count <= HandleWaiter.Capacity)
                return _waiters[i];
            // A wait for many that does not fit tells nothing about a wait for one.
            if (i == _firstWithRoom && _waiters[i].Reserved >= HandleWaiter.Capacity)
                _firstWithRoom++;
        }
        return null;
    }

    // The system gives no further OS thread: what has arrived for the one that cannot start goes to another, or back.
    private void PassOn(HandleWaiter failed)
    {
        HandleWaiter? other;
        HandleWait[] waits;
        using (_gate.Enter())
        {
            waits = [.. failed.Inbox];
            Remove(failed);
            other = _waiters.Count == 0 ? null : _waiters[0];
            foreach (HandleWait wait in waits)
                other?.Receive(wait);
        }
        other?.Wake();
        foreach (HandleWait wait in other is null ? waits : [])
            wait.End(HandleWait.CannotBeShared);
    }

    private void Remove(HandleWaiter waiter)
    {
        _waiters.Remove(waiter);
        for (int i = 0; i < _waiters.Count; i++)
            _waiters[i].Place = i;
        _firstWithRoom = 0;
    }
}
