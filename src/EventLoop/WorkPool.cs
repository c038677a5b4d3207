using System.Diagnostics.CodeAnalysis;

namespace GreenThreads;

// OS threads that make calls for green threads, which are parked meanwhile: calls that block (BlockingWork), and long computations (Compute).
//
//   submit   gate: an idle one? it gets the item.  fewer than the limit? a new one with the item.  otherwise into the queue
//   worker   make the call -> gate: next of the queue, or idle -> wait for an item -> end after a while without one
//
// An item is in the queue only while nobody is idle and the limit is reached, and both change under the gate, so none is left behind. The last that became idle
// gets the next item: the others have a chance to end.
//
// A call that has begun is never abandoned: it may use buffers of the caller's, and what it opens belongs to the caller. So a caller that is cancelled meanwhile
// waits for the end, gets the result, and learns of the cancellation at its next park. One whose call has not begun takes it back.

/// <summary>A bounded number of OS threads that make calls for parked callers.</summary>
/// <param name="name">The threads are numbered and have it.</param>
/// <param name="maximum">OS threads at most.</param>
internal sealed partial class WorkPool(string name, int maximum)
{
    // How long one without work stays for the next. A guess: to start one costs a hundred microseconds.
    private static readonly TimeSpan s_idleTime = TimeSpan.FromSeconds(2);

    private static readonly ManualResetEvent s_never = new(false);

    // Guards all below, and Worker.Next. Never parked over.
    private SpinGate _gate;
    private readonly List<Worker> _workers = [];
    private readonly List<Worker> _idle = [];
    private WaitList _queue;
    private int _numbered;
    private bool _isStopping;
    private Worker[] _last = [];

    /// <summary>OS threads that there are now.</summary>
    internal int ThreadCount
    {
        get
        {
            using (_gate.Enter())
                return _workers.Count;
        }
    }

    /// <summary>How many calls wait for an OS thread.</summary>
    internal int QueuedCount
    {
        get
        {
            using (_gate.Enter())
                return _queue.Count();
        }
    }

    /// <summary>Has the call made, and parks the caller until it has ended.</summary>
    /// <param name="item">The call; new.</param>
    /// <param name="caller">Whose it is: the calling green thread.</param>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled, and the call has not begun.</exception>
    /// <exception cref="Exception">What the call threw.</exception>
    internal void Run(WorkItem item, Waiter caller)
    {
        Submit(item);
        try
        {
            while (!item.HasEnded)
                caller.ParkCore(Deadline.Never);
        }
        catch (Exception) when (!TryWithdraw(item))
        {
            while (!item.HasEnded)
                caller.ParkUncanceled(Deadline.Never);
        }
        item.ThrowIfFailed();
    }

    /// <summary>Lets the OS threads end: no green thread is left. Any thread; does not block.</summary>
    internal void Stop()
    {
        using (_gate.Enter())
        {
            _isStopping = true;
            _last = [.. _workers];
        }
        foreach (Worker worker in _last)
            worker.Wake();
    }

    /// <summary>Waits for their end. After <see cref="Stop"/>. Blocks.</summary>
    internal void WaitForEnd()
    {
        foreach (Worker worker in _last)
            worker.WaitForEnd();
    }

    private void Submit(WorkItem item)
    {
        // No OS thread to be had, and none at work that might come to it: then the caller's own, with all who wait for it.
        if (TrySubmit(item))
            return;
        item.Execute();
        while (TakeStranded() is { } other)
            other.Execute();
    }

    private bool TrySubmit(WorkItem item)
    {
        for (bool mayStart = true; ; mayStart = false)
        {
            Worker worker;
            bool isNew = false;
            using (_gate.Enter())
            {
                if (_idle.Count != 0)
                {
                    worker = _idle[^1];
                    _idle.RemoveAt(_idle.Count - 1);
                }
                else if (_workers.Count < maximum && mayStart)
                {
                    worker = new Worker(this, $"{name}-{_numbered++}");
                    _workers.Add(worker);
                    isNew = true;
                }
                else
                {
                    if (_workers.Count != 0)
                        _queue.Add(item);
                    return _workers.Count != 0;
                }
                worker.Next = item;
            }
            if (!isNew)
                worker.Wake();
            if (!isNew || worker.TryStart())
                return true;
            using (_gate.Enter())
                _workers.Remove(worker);
        }
    }

    private bool TryWithdraw(WorkItem item)
    {
        using (_gate.Enter())
        {
            if (!item.IsInList)
                return false;
            _queue.Remove(item);
            return true;
        }
    }

    // Queued while there was somebody who, as it turned out, could not be started.
    private WorkItem? TakeStranded()
    {
        using (_gate.Enter())
            return _workers.Count == 0 ? (WorkItem?)_queue.TakeFirst() : null;
    }

    // By the worker, which has made its call. False if it is idle now.
    private bool TryTakeNext(Worker worker)
    {
        using (_gate.Enter())
        {
            worker.Next = (WorkItem?)_queue.TakeFirst();
            if (worker.Next is null)
                _idle.Add(worker);
            return worker.Next is not null;
        }
    }

    // By the worker. False if it got an item after all, or stays.
    private bool TryEnd(Worker worker, bool hasWaitedLong)
    {
        using (_gate.Enter())
        {
            if (worker.Next is not null || !(hasWaitedLong || _isStopping))
                return false;
            _idle.Remove(worker);
            _workers.Remove(worker);
            return true;
        }
    }

    private sealed class Worker
    {
        private readonly WorkPool _pool;
        private readonly Thread _thread;

        // Never disposed of: somebody may be about to set it when the thread ends. The finalizer closes it.
        private readonly AutoResetEvent _event = new(false);

        internal Worker(WorkPool pool, string name)
        {
            _pool = pool;
            _thread = new Thread(Run) { IsBackground = true, Name = name };
        }

        /// <summary>What it is to do. Guarded by the pool's gate; its own while it works.</summary>
        internal WorkItem? Next { get; set; }

        internal void Wake() => _event.Set();

        /// <summary>Returns false if the system gives no further OS thread.</summary>
        internal bool TryStart() => OsThread.TryStart(_thread);

        internal void WaitForEnd() => _thread.Join();

        [SuppressMessage("Design", "CA1031", Justification = "What escapes here has no caller; the process must end with the reason.")]
        private void Run()
        {
            try
            {
                ExecutionContext? clean = ExecutionContext.Capture();
                while (true)
                {
                    Next!.Execute();
                    Next = null; // Keeps nothing alive while it waits.
                    CleanUp(clean);
                    if (!_pool.TryTakeNext(this) && !TryAwaitNext())
                        return;
                }
            }
            catch (Exception exception)
            {
                Environment.FailFast("GreenThreads: a thread of a work pool met what it cannot handle", exception);
            }
        }

        // What a call has done to its thread is not for the next one: as on the framework's thread pool. An interrupt that is still to come ends here too.
        private void CleanUp(ExecutionContext? clean)
        {
            _ = WaitOne(s_never, TimeSpan.Zero);
            if (clean is not null)
                ExecutionContext.Restore(clean);
            SynchronizationContext.SetSynchronizationContext(null);
            if (!_thread.IsBackground)
                _thread.IsBackground = true;
            if (_thread.Priority != ThreadPriority.Normal)
                _thread.Priority = ThreadPriority.Normal;
        }

        // A call may have told others of its thread, and they may interrupt it whenever they like.
        private static bool WaitOne(WaitHandle wakeUp, TimeSpan timeout)
        {
            try
            {
                return wakeUp.WaitOne(timeout);
            }
            catch (ThreadInterruptedException)
            {
                return true; // The caller looks again.
            }
        }

        // The library's own only while it waits for work: what it calls may be anybody's code, which the report of deadlocks must not take for idle.
        private bool TryAwaitNext()
        {
            using OwnOsThreads.Region own = OwnOsThreads.Enter();
            do
            {
                bool isWoken = WaitOne(_event, s_idleTime);
                if (_pool.TryEnd(this, hasWaitedLong: !isWoken))
                    return false;
            }
            while (Next is null);
            return true;
        }
    }
}
