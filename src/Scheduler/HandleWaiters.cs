namespace GreenThreads;

// The waiter threads of a group: as many as it takes for the handles that its green threads wait for, 63 to a thread, up to a limit.
//
// All who wait for the same handle share a place. A wait for another handle goes to the first thread that has room, so that the last ones become idle
// first; who has had nothing to do for a while ends. When all are full and there may not be more, it goes to the last one beyond its room: that looks at its
// handles in turns (HandleWaiter), which is slower, not wrong.
//
// Rejected: a place for each wait (ten thousand who contend for one lock kept 159 threads busy with one event, and each hand-over of the lock woke another);
// a fixed number of threads that look at everything in turns (a lock that is handed over would wait for its turn each time); the runtime's own wait
// threads (see GreenSynchronizationContext.Wait.cs).

/// <summary>Waits for handles on behalf of green threads.</summary>
internal sealed class HandleWaiters(SchedulerGroup group)
{
    // OS threads at most.
    private readonly int _maximum = group.MaximumWaiterThreads;

    // Guards all below, and the reservations, the inboxes and the users of places. Never parked over.
    private SpinGate _gate;
    private readonly List<HandleWaiter> _waiters = [];
    private readonly Dictionary<IntPtr, HandlePlace> _places = [];
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
        while (true)
        {
            if (WaitOnce(self, new HandleWait(self, handles, deadline)) is not { } answer)
                continue; // Robbed: wait anew.
            return answer switch
            {
                HandleWait.Withdrawn => GreenSynchronizationContext.WaitTimeout,
                HandleWait.CannotBeShared => null,
                _ => answer,
            };
        }
    }

    /// <summary>Takes the signal of a handle that has reached a green thread which has not gone on since; see <see cref="HandleWait"/>. Any thread; does not park.</summary>
    /// <returns>0, or <see cref="GreenSynchronizationContext.WaitAbandoned"/>; null if there is none.</returns>
    internal static int? TryRob(IntPtr handle)
    {
        foreach (Coroutine coroutine in Coroutine.All())
        {
            if (coroutine.TenantsWait is HandleWait wait && wait.TryRob(handle, out int abandoned))
                return abandoned;
        }
        return null;
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
    /// <param name="waiter">Who asks.</param>
    /// <param name="arrived">Where to; empty.</param>
    /// <param name="mayEnd">It has nothing to do, and has had nothing for long.</param>
    /// <param name="isIdle">It has nothing to do.</param>
    /// <returns>False if it is to end: nothing has arrived, and it may, or the group ends.</returns>
    internal bool TryTakeInbox(HandleWaiter waiter, List<HandleWait> arrived, bool isIdle, bool mayEnd)
    {
        using (_gate.Enter())
        {
            arrived.AddRange(waiter.Inbox);
            waiter.Inbox.Clear();
            if (arrived.Count != 0 || !(mayEnd || (isIdle && _isStopping)))
                return true;
            Remove(waiter);
            return false;
        }
    }

    /// <summary>A wait is over.</summary>
    internal void Leave(HandlePlace place)
    {
        using (_gate.Enter())
        {
            if (--place.Users != 0)
                return;
            Forget(place);
            place.Waiter.Reserved -= place.Handles.Length;
            _firstWithRoom = Math.Min(_firstWithRoom, place.Waiter.Index);
        }
    }

    /// <summary>Returns null if somebody took the answer away.</summary>
    private int? WaitOnce(GreenThread self, HandleWait wait)
    {
        Coroutine coroutine = self.Coroutine!;
        object? outer = coroutine.TenantsWait; // To look at the stack (IsForLock) may wait for something itself.
        coroutine.TenantsWait = wait;
        Add(wait);
        Deadline patience = Deadline.Never;
        bool isForLock = false;
        int answer;
        while (!wait.TryTake(out answer))
        {
            if (wait.WasRobbed)
            {
                coroutine.TenantsWait = outer;
                return null;
            }
            if (self.IsCanceled && patience.IsNever)
                patience = Deadline.After(GreenSynchronizationContext.Patience);
            else if (patience.HasPassed && !wait.IsWithdrawn && !isForLock)
                isForLock = !TryWithdraw(wait);
            self.ParkUncanceled(wait.IsWithdrawn || isForLock ? Deadline.Never : patience);
        }
        coroutine.TenantsWait = outer;
        return answer;
    }

    private static bool TryWithdraw(HandleWait wait)
    {
        if (GreenSynchronizationContext.IsForLock())
            return false;
        wait.Withdraw();
        return true;
    }

    private void Add(HandleWait wait)
    {
        HandleWaiter waiter;
        bool isNew = false;
        using (_gate.Enter())
        {
            bool isSingle = wait.Handles.Length == 1;
            if (!isSingle || !_places.TryGetValue(wait.Handles[0], out HandlePlace? place))
            {
                waiter = FindRoom(wait.Handles.Length) ?? AddWaiter(out isNew);
                place = new HandlePlace(waiter, wait.Handles);
                waiter.Reserved += wait.Handles.Length;
                if (isSingle)
                    _places.Add(wait.Handles[0], place);
            }
            waiter = place.Waiter;
            place.Users++;
            wait.Place = place;
            waiter.Inbox.Add(wait);
        }
        if (!isNew)
            waiter.Wake();
        else if (!waiter.TryStart())
            GiveUp(waiter);
    }

    private HandleWaiter AddWaiter(out bool isNew)
    {
        isNew = _waiters.Count < _maximum;
        if (isNew)
            _waiters.Add(new HandleWaiter(this, $"{group.Name}-waiter-{_numbered++}") { Index = _waiters.Count });
        return _waiters[^1];
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

    // The system gives no further OS thread: whoever wanted to wait there looks for itself, now and then.
    private void GiveUp(HandleWaiter failed)
    {
        HandleWait[] waits;
        using (_gate.Enter())
        {
            waits = [.. failed.Inbox];
            foreach (HandleWait wait in waits)
                Forget(wait.Place!);
            Remove(failed);
        }
        foreach (HandleWait wait in waits)
            wait.End(HandleWait.CannotBeShared);
    }

    private void Forget(HandlePlace place)
    {
        if (place.Handles.Length == 1)
            _places.Remove(place.Handles[0]);
    }

    private void Remove(HandleWaiter waiter)
    {
        _waiters.Remove(waiter);
        for (int i = 0; i < _waiters.Count; i++)
            _waiters[i].Index = i;
        _firstWithRoom = 0;
    }
}
