using System.Runtime.InteropServices;
using System.Diagnostics.CodeAnalysis;

namespace GreenThreads;

// One waiter thread: an OS thread that waits for up to 63 handles at once, and for its own event (64 is the most that the runtime waits for).
//
// It has more than that only when there may be no further thread (HandleWaiters). It looks at all of them then, 63 at a time, pauses, and looks again.
//
// A handle may be there more than once: when it is signalled, the runtime tells one of the places, and the others are looked at in the next round.
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

    // Waiter thread only.
    private readonly List<HandleWait> _waits = [];

    internal HandleWaiter(HandleWaiters owner, string name)
    {
        _owner = owner;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
    }

    /// <summary>Where its owner has it. Guarded by the owner's gate, as the next two.</summary>
    internal int Place { get; set; }

    /// <summary>Handles that it has, or will find in its inbox.</summary>
    internal int Reserved { get; set; }

    internal List<HandleWait> Inbox { get; } = [];

    /// <summary>Under the owner's gate; a <see cref="Wake"/> must follow.</summary>
    internal void Receive(HandleWait wait)
    {
        Reserved += wait.Handles.Length;
        Inbox.Add(wait);
        wait.Waiter = this;
    }

    /// <summary>Makes it look at its inbox and its waits. Any thread.</summary>
    internal void Wake()
    {
        if (Interlocked.Exchange(ref _isNotified, 1) == 0)
            _event.Set();
    }

    /// <summary>Returns false if the system gives no further OS thread.</summary>
    internal bool TryStart()
    {
        try
        {
            _thread.UnsafeStart();
            return true;
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
        {
            return false;
        }
    }

    internal void WaitForEnd() => _thread.Join();

    [SuppressMessage("Design", "CA1031", Justification = "What escapes here has no caller; the process must end with the reason.")]
    private void Run()
    {
        try
        {
            bool wasIdle = false;
            while (true)
            {
                Interlocked.Exchange(ref _isNotified, 0); // Before the look: who comes after it sets the event again.
                if (!_owner.TryTakeInbox(this, _waits, wasIdle))
                    return;
                EndWithdrawnAndLate();
                wasIdle = false;
                if (_waits.Count == 0)
                    wasIdle = !_event.WaitOne(s_idleTime);
                else if (CountFitting(0) == _waits.Count)
                    Wait(0, _waits.Count, _event.SafeWaitHandle, TimeUntilNextDeadline());
                else
                    LookAtAll();
            }
        }
        catch (Exception exception)
        {
            Environment.FailFast("GreenThreads: a waiter thread met what it cannot handle", exception);
        }
    }

    private void EndWithdrawnAndLate()
    {
        for (int i = _waits.Count - 1; i >= 0; i--)
        {
            if (_waits[i].IsWithdrawn)
                End(i, HandleWait.Withdrawn);
            else if (_waits[i].Deadline.HasPassed)
                End(i, GreenSynchronizationContext.WaitTimeout);
        }
    }

    // More than can be waited for at once.
    private void LookAtAll()
    {
        for (int first = 0; first < _waits.Count;)
        {
            int count = CountFitting(first);
            // What ends leaves its place to the next.
            if (!Wait(first, count, null, TimeSpan.Zero))
                first += count;
        }
        TimeSpan pause = TimeUntilNextDeadline();
        _event.WaitOne(pause == Timeout.InfiniteTimeSpan || pause > s_roundPause ? s_roundPause : pause);
    }

    /// <summary>Waits for some of the waits, and for the event if there is one, and ends the one that has got its signal.</summary>
    /// <returns>Whether one was ended; the others have moved up.</returns>
    private bool Wait(int first, int count, SafeHandle? own, TimeSpan timeout)
    {
        int offset = own is null ? 0 : 1;
        IntPtr[] handles = new IntPtr[offset + HandlesOf(first, count)];
        if (own is not null)
            handles[0] = own.DangerousGetHandle();
        int next = offset;
        for (int i = first; i < first + count; i++)
        {
            _waits[i].Handles.CopyTo(handles, next);
            next += _waits[i].Handles.Length;
        }
        int result;
        try
        {
            result = GreenSynchronizationContext.WaitOnOsThread(handles, waitAll: false, (int)Math.Ceiling(timeout.TotalMilliseconds));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return EndThoseThatCannotBeShared(first, count);
        }
        if (result == GreenSynchronizationContext.WaitTimeout)
            return false;
        int abandoned = result & GreenSynchronizationContext.WaitAbandoned;
        int index = (result & ~GreenSynchronizationContext.WaitAbandoned) - offset;
        for (int i = first; index >= 0 && i < first + count; i++)
        {
            int length = _waits[i].Handles.Length;
            if (index < length)
            {
                End(i, abandoned | index);
                return true;
            }
            index -= length;
        }
        return false;
    }

    // One of the handles is not valid, or of a kind that the runtime does not wait for together with others (named mutexes).
    private bool EndThoseThatCannotBeShared(int first, int count)
    {
        int before = _waits.Count;
        for (int i = first + count - 1; i >= first; i--)
        {
            try
            {
                // Together with one that is never signalled.
                int result = GreenSynchronizationContext.WaitOnOsThread([.. _waits[i].Handles, s_never.SafeWaitHandle.DangerousGetHandle()], waitAll: false, 0);
                if (result != GreenSynchronizationContext.WaitTimeout)
                    End(i, result);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                End(i, HandleWait.CannotBeShared);
            }
        }
        // Each by itself will do, only not all of them at once: it must not be tried for ever.
        if (_waits.Count == before)
        {
            for (int i = first + count - 1; i >= first; i--)
                End(i, HandleWait.CannotBeShared);
        }
        return true;
    }

    private void End(int index, int answer)
    {
        HandleWait wait = _waits[index];
        _waits.RemoveAt(index);
        _owner.Release(this, wait.Handles.Length);
        wait.End(answer);
    }

    private TimeSpan TimeUntilNextDeadline()
    {
        Deadline next = Deadline.Never;
        foreach (HandleWait wait in _waits)
            next = Deadline.Earlier(next, wait.Deadline);
        return next.Remaining;
    }

    /// <summary>How many of the waits from one on can be waited for at once.</summary>
    private int CountFitting(int first)
    {
        int handles = 0;
        int i = first;
        while (i < _waits.Count && (handles += _waits[i].Handles.Length) <= Capacity)
            i++;
        return i - first;
    }

    private int HandlesOf(int first, int count)
    {
        int handles = 0;
        for (int i = first; i < first + count; i++)
            handles += _waits[i].Handles.Length;
        return handles;
    }
}
