using System.Diagnostics.CodeAnalysis;

namespace GreenThreads;

// One waiter thread: an OS thread that waits for up to 63 handles at once, and for its own event (64 is the most that the runtime waits for).
//
// It has more than that only when there may be no further thread (HandleWaiters). It looks at all of them then, 63 at a time, pauses, and looks again.
//
// A handle may be there more than once, in waits for any of several: when it is signalled, the runtime tells one of the places, and the others are looked
// at in the next round.
internal sealed class HandleWaiter
{
    /// <summary>The handles that it waits for at once.</summary>
    internal const int Capacity = 63;

    // How long one without work stays for the next. A guess: to start one costs a hundred microseconds.
    private static readonly TimeSpan s_idleTime = TimeSpan.FromSeconds(2);

    // Between two rounds of one that has too many. A round over ten thousand handles takes about two milliseconds.
    private static readonly TimeSpan s_roundPause = TimeSpan.FromMilliseconds(10);

    private static readonly ManualResetEvent s_never = new(false);

    private readonly HandleWaiters _owner;
    private readonly Thread _thread;

    // Never disposed of: somebody may be about to set it when the thread ends. The finalizer closes it.
    private readonly AutoResetEvent _event = new(false);
    private int _isNotified;
    private volatile bool _hasWithdrawals;

    // Waiter thread only: the places where somebody waits, and a deadline that is not later than any of theirs.
    private readonly List<HandlePlace> _places = [];
    private readonly List<HandleWait> _arrived = [];
    private Deadline _nextDeadline = Deadline.Never;

    internal HandleWaiter(HandleWaiters owner, string name)
    {
        _owner = owner;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
    }

    /// <summary>Where its owner has it. Guarded by the owner's gate, as the next two.</summary>
    internal int Index { get; set; }

    /// <summary>Handles that it has, or will find in its inbox.</summary>
    internal int Reserved { get; set; }

    internal List<HandleWait> Inbox { get; } = [];

    /// <summary>Makes it look at its inbox. Any thread.</summary>
    internal void Wake()
    {
        if (Interlocked.Exchange(ref _isNotified, 1) == 0)
            _event.Set();
    }

    /// <summary>Makes it look for waits that were withdrawn. Any thread.</summary>
    internal void WakeForWithdrawal()
    {
        _hasWithdrawals = true;
        Wake();
    }

    /// <summary>Returns false if the system gives no further OS thread.</summary>
    internal bool TryStart() => OsThread.TryStart(_thread);

    internal void WaitForEnd() => _thread.Join();

    [SuppressMessage("Design", "CA1031", Justification = "What escapes here has no caller; the process must end with the reason.")]
    private void Run()
    {
        try
        {
            using OwnOsThreads.Region own = OwnOsThreads.Enter();
            bool hasBeenIdle = false;
            while (true)
            {
                Interlocked.Exchange(ref _isNotified, 0); // Before the look: who comes after it sets the event again.
                if (!_owner.TryTakeInbox(this, _arrived, isIdle: _places.Count == 0, hasBeenIdle))
                    return;
                TakeIn();
                if (_hasWithdrawals || _nextDeadline.HasPassed)
                    EndWithdrawnAndLate();
                hasBeenIdle = _places.Count == 0 && !_event.WaitOne(s_idleTime);
                if (_places.Count == 0)
                    continue;
                if (CountFitting(0) == _places.Count)
                    Wait(0, _places.Count, _event, _nextDeadline.Remaining);
                else
                    LookAtAll();
            }
        }
        catch (Exception exception)
        {
            Environment.FailFast("GreenThreads: a waiter thread met what it cannot handle", exception);
        }
    }

    private void TakeIn()
    {
        foreach (HandleWait wait in _arrived)
        {
            HandlePlace place = wait.Place!;
            if (place.Waits.Count == 0)
                _places.Add(place);
            place.Waits.AddLast(wait);
            if (wait.IsWithdrawn)
                _hasWithdrawals = true; // It may have been reset since, in a round that did not have this one yet.
            _nextDeadline = Deadline.Earlier(_nextDeadline, wait.Deadline);
        }
        _arrived.Clear();
    }

    private void EndWithdrawnAndLate()
    {
        _hasWithdrawals = false; // Before the look: who comes after it sets it again.
        Interlocked.MemoryBarrier();
        _nextDeadline = Deadline.Never;
        for (int i = _places.Count - 1; i >= 0; i--)
        {
            LinkedListNode<HandleWait>? next;
            for (LinkedListNode<HandleWait>? node = _places[i].Waits.First; node is not null; node = next)
            {
                next = node.Next;
                HandleWait wait = node.Value;
                if (wait.IsWithdrawn)
                    End(i, node, HandleWait.Withdrawn);
                else if (wait.Deadline.HasPassed)
                    End(i, node, GreenSynchronizationContext.WaitTimeout);
                else
                    _nextDeadline = Deadline.Earlier(_nextDeadline, wait.Deadline);
            }
        }
    }

    // More than can be waited for at once.
    private void LookAtAll()
    {
        for (int first = 0; first < _places.Count;)
        {
            int count = CountFitting(first);
            // What ends may leave its place to the next.
            if (!Wait(first, count, null, TimeSpan.Zero))
                first += count;
        }
        TimeSpan pause = _nextDeadline.Remaining;
        _event.WaitOne(pause == Timeout.InfiniteTimeSpan || pause > s_roundPause ? s_roundPause : pause);
    }

    /// <summary>Waits for some of the places, and for the event if there is one, and ends the wait that has got its signal.</summary>
    /// <returns>Whether one was ended; other places may have moved up.</returns>
    private bool Wait(int first, int places, AutoResetEvent? own, TimeSpan timeout)
    {
        int count = HandlesOf(first, places);
        IntPtr[] handles = new IntPtr[own is null ? count : count + 1];
        // Last: the lowest of several that are signalled is told, and the inbox is looked at after each in any case.
        if (own is not null)
            handles[count] = own.SafeWaitHandle.DangerousGetHandle();
        int next = 0;
        for (int i = first; i < first + places; i++)
        {
            _places[i].Handles.CopyTo(handles, next);
            next += _places[i].Handles.Length;
        }
        int result;
        try
        {
            result = GreenSynchronizationContext.WaitOnOsThread(handles, waitAll: false, (int)Math.Ceiling(timeout.TotalMilliseconds));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            EndThoseThatCannotBeShared(first, places);
            return true;
        }
        if (result == GreenSynchronizationContext.WaitTimeout)
            return false;
        int abandoned = result & GreenSynchronizationContext.WaitAbandoned;
        int index = result & ~GreenSynchronizationContext.WaitAbandoned;
        for (int i = first; i < first + places; i++)
        {
            HandlePlace place = _places[i];
            if (index < place.Handles.Length)
            {
                // Behind the others, so that all have their turn.
                _places.RemoveAt(i);
                _places.Add(place);
                OnSignal(_places.Count - 1, abandoned | index);
                return true;
            }
            index -= place.Handles.Length;
        }
        return false;
    }

    // A mutex belongs to this thread now, which nobody has any use for.
    private void OnSignal(int index, int result)
    {
        HandlePlace place = _places[index];
        if (MutexHandle.TryRelease(place.Handles[result & ~GreenSynchronizationContext.WaitAbandoned]))
            GiveBack(index);
        else
            End(index, place.Waits.First!, result);
    }

    // One of the handles is not valid, or of a kind that the runtime does not wait for together with others (named mutexes).
    private void EndThoseThatCannotBeShared(int first, int count)
    {
        bool hasEnded = false;
        for (int i = first + count - 1; i >= first; i--)
        {
            try
            {
                // Together with one that is never signalled.
                int result = GreenSynchronizationContext.WaitOnOsThread([.. _places[i].Handles, s_never.SafeWaitHandle.DangerousGetHandle()], waitAll: false, 0);
                if (result == GreenSynchronizationContext.WaitTimeout)
                    continue;
                OnSignal(i, result);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                GiveBack(i);
            }
            hasEnded = true;
        }
        // Each by itself will do, only not all of them at once: it must not be tried for ever.
        for (int i = first + count - 1; !hasEnded && i >= first; i--)
            GiveBack(i);
    }

    private void GiveBack(int index)
    {
        HandlePlace place = _places[index];
        while (place.Waits.First is { } node)
            End(index, node, HandleWait.CannotBeShared);
    }

    private void End(int index, LinkedListNode<HandleWait> node, int answer)
    {
        HandlePlace place = _places[index];
        place.Waits.Remove(node);
        if (place.Waits.Count == 0)
            _places.RemoveAt(index);
        _owner.Leave(place);
        node.Value.End(answer);
    }

    /// <summary>How many of the places from one on can be waited for at once.</summary>
    private int CountFitting(int first)
    {
        int handles = 0;
        int i = first;
        while (i < _places.Count && (handles += _places[i].Handles.Length) <= Capacity)
            i++;
        return i - first;
    }

    private int HandlesOf(int first, int count)
    {
        int handles = 0;
        for (int i = first; i < first + count; i++)
            handles += _places[i].Handles.Length;
        return handles;
    }
}
