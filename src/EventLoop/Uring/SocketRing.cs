using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GreenThreads;

// The ring of one scheduler: where it waits for everything, and where its sockets receive.
//
// It is made for one thread (SINGLE_ISSUER) and runs the kernel's part of each completion only when that thread asks for it (DEFER_TASKRUN): nothing
// interrupts the green thread that runs, and what came meanwhile is done in one go. Only the scheduler's OS thread submits and enters:
//
//   submit    a green thread that runs on it and finds nothing to read (TryArm): an entry in the queue, no system call
//   Poll      whatever was queued is handed over, and completions are taken: one io_uring_enter; none at all if nothing was queued and the kernel has
//             set no flag. The scheduler polls every 50 microseconds while it is busy, and before it sleeps, so nothing queued is slept over.
//
// The epoll set goes on beside it: interests may be registered by any thread, and others may poll them while the owner is stuck. The ring waits for it by
// a oneshot IORING_OP_POLL_ADD, which is submitted again after the events were fetched; when it is, the kernel looks whether there are more, so none is
// lost in between. The wake-up of the loop (its eventfd) arrives that way too.
//
// A submission names a descriptor by its number, and the kernel looks it up when the submission is handed over. Until then the socket is held open
// (_heldSockets), or the number could be closed, and be another's.
//
// The gate is held by whoever is in the ring, the owner also while it sleeps in Poll. So who gets it without waiting knows that the owner is elsewhere, and
// that the kernel completes nothing until the gate is free again: that is what the rescue of a stuck owner's readers stands on (Rescue). Nobody else
// waits for it but the owner, for the length of a rescue.
internal sealed unsafe class SocketRing
{
    // Guesses. More submissions than that are handed over in between; more completions the kernel keeps aside, and stops multishot receives.
    private const int Submissions = 256;
    private const int Completions = 4096;

    // The kernel does some twenty pieces of deferred work in a call (IO_LOCAL_TW_DEFAULT_MAX). About as many at a time as epoll reports.
    private const int MostFurtherRounds = 6;

    // 1 MB to begin with, doubled when they do not suffice, up to 32 MB altogether: one for each of 4,000 connections that something comes for at once.
    private const int FewestBuffers = 256;
    private const int MostBuffers = 4096;

    // No operation has these: its generation would have one bit more than there are.
    private const ulong EpollKey = ulong.MaxValue;
    private const ulong IgnoredKey = ulong.MaxValue - 1;

    private readonly IoUring _ring;
    private readonly int _epoll;
    private SpinGate _gate;

    // All guarded by _gate.
    private readonly OperationTable _operations = new();
    private readonly List<ulong> _toCancel = [];
    private readonly List<SocketDescriptor> _heldSockets = []; // Named by entries that were not handed over.
    private readonly List<SocketDescriptor> _letGo = []; // Owner only.
    private int _ownerThreadId;
    private bool _isEpollArmed;
    private bool _hasEpollEvents;
    private readonly List<BufferRing> _buffers = []; // The last are used for new receives.
    private readonly int _mostBuffers;
    private bool _lacksBuffers;
    private bool _isDisposed;

    /// <summary>Creates the ring. Any thread; the first that polls or submits is its owner.</summary>
    /// <param name="epoll">The epoll set to wait for.</param>
    /// <param name="buffers">Provided buffers to begin with; a power of two.</param>
    /// <param name="mostBuffers">How many the last group may have.</param>
    /// <param name="submissions">Room for submissions.</param>
    /// <param name="completions">Room for completions.</param>
    /// <exception cref="SystemCallException">The kernel refused.</exception>
    internal SocketRing(int epoll, int buffers = FewestBuffers, int mostBuffers = MostBuffers, int submissions = Submissions, int completions = Completions)
    {
        _epoll = epoll;
        _mostBuffers = mostBuffers;
        _ring = new IoUring((uint)submissions, (uint)completions, Interop.IORING_SETUP_SUBMIT_ALL | Interop.IORING_SETUP_SINGLE_ISSUER
            | Interop.IORING_SETUP_DEFER_TASKRUN | Interop.IORING_SETUP_TASKRUN_FLAG | Interop.IORING_SETUP_R_DISABLED);
        int errno = AddBuffers(buffers);
        if (errno == 0)
            return;
        _ring.Dispose();
        throw new SystemCallException("io_uring_register", errno);
    }

    /// <summary>Receives that are under way; for tests. May be out of date.</summary>
    internal int OperationCount => _operations.Count;

    /// <summary>Lets the kernel receive into a queue, until it ends by itself or is closed. Owner thread only; no system call.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="socket">Whose it is.</param>
    /// <returns>True if the kernel does, also because somebody else has asked for it; false if the caller must wait in another way.</returns>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    internal bool TryArm(ReceiveQueue queue, SocketDescriptor socket)
    {
        bool isHeld = false;
        socket.DangerousAddRef(ref isHeld);
        _gate.EnterBare();
        try
        {
            if (_isDisposed)
                return false;
            EnableIfNew();
            Interop.io_uring_sqe* entry = TryGetEntry();
            if (entry is null)
                return false;
            if (_lacksBuffers)
                AddBuffersIfMayBe();
            BufferRing buffers = _buffers[^1];
            if (!queue.TryBeginArm(this, buffers, out bool isArmedAlready))
                return isArmedAlready;
            _operations.Add(queue);
            entry->opcode = Interop.IORING_OP_RECV;
            entry->flags = Interop.IOSQE_BUFFER_SELECT;
            entry->ioprio = Interop.IORING_RECV_MULTISHOT;
            entry->fd = queue.Descriptor;
            entry->buf_group = buffers.Group;
            entry->user_data = queue.Key;
            _ring.Push();
            _heldSockets.Add(socket);
            isHeld = false;
            return true;
        }
        finally
        {
            _gate.Exit();
            if (isHeld)
                socket.DangerousRelease();
        }
    }

    /// <summary>Hands over what was queued, waits until something happens or the deadline has passed, and takes what has completed. Owner thread only.</summary>
    /// <returns>True if the epoll set may have events: the caller fetches them before it polls again.</returns>
    internal bool Poll(Deadline until, List<WaitNode> ready)
    {
        _gate.EnterBare();
        try
        {
            EnableIfNew();
            QueueCancellations();
            if (!_isEpollArmed && !_hasEpollEvents)
                QueueEpoll();
            uint pending = _ring.PendingSubmissions;
            bool mayWait = !_hasEpollEvents && !_ring.HasCompletions && !until.HasPassed;
            if (pending != 0 || mayWait || _ring.NeedsEnter)
            {
                int errno = _ring.Enter(pending, mayWait ? 1u : 0, Interop.IORING_ENTER_GETEVENTS, until);
                if (errno is not (0 or Errno.ETIME or Errno.EINTR))
                    ThrowUnlessItPasses(errno);
            }
            TakeCompletions(ready);
            for (int i = 0; i < MostFurtherRounds && _ring.NeedsEnter; i++)
            {
                _ = _ring.Enter(0, 0, Interop.IORING_ENTER_GETEVENTS, Deadline.Never);
                TakeCompletions(ready);
            }
            TakeHeldSockets();
            bool hasEpollEvents = _hasEpollEvents;
            _hasEpollEvents = false;
            return hasEpollEvents;
        }
        finally
        {
            _gate.Exit();
            if (_letGo.Count > 0)
                LetSocketsGo();
        }
    }

    /// <summary>
    /// Does for the readers of a stuck owner what only it can ask the kernel to do: receives what lies in their sockets. Any thread but the owner; does nothing if
    /// the owner is in the ring after all.
    /// </summary>
    internal void Rescue(List<WaitNode> ready)
    {
        if (!_gate.TryEnterBare())
            return;
        try
        {
            if (_isDisposed || _ownerThreadId == 0)
                return;
            TakeCompletions(ready);
            if (!_ring.NeedsEnter && _ring.PendingSubmissions == 0)
                return; // Nothing has come since the owner left.
            foreach (RingOperation operation in _operations.All())
            {
                if (operation is ReceiveQueue { HasReaders: true } queue)
                    queue.Rescue(ready);
            }
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>From a completion: the operation shall end soon. Under the gate.</summary>
    internal void CancelSoon(RingOperation operation)
    {
        _gate.AssertHeld();
        _toCancel.Add(operation.Key);
    }

    /// <summary>From a completion: there was none left for a receive, which has ended by that. Under the gate.</summary>
    internal void NoteLackOfBuffers(BufferRing buffers)
    {
        if (buffers == _buffers[^1])
            _lacksBuffers = true;
    }

    /// <summary>Ends all operations and gives everything back. The owner thread, or any if nobody has used the ring.</summary>
    /// <param name="ready">Gets those who waited for an operation; the caller owes each a <see cref="WaitNode.Wake"/>.</param>
    internal void Dispose(List<WaitNode> ready)
    {
        _gate.EnterBare();
        bool isQuiet;
        try
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            isQuiet = _ownerThreadId == 0 || EndAll(ready);
            foreach (BufferRing buffers in _buffers)
            {
                foreach (ReceiveQueue holder in buffers.TakeHolders())
                    holder.CopyOut(buffers);
            }
            TakeHeldSockets();
        }
        finally
        {
            _gate.Exit();
        }
        LetSocketsGo();
        _ring.Dispose();
        // If the kernel does not let go, the memory is lost rather than corrupted.
        if (isQuiet)
            _buffers.ForEach(static buffers => buffers.Dispose());
    }

    private bool EndAll(List<WaitNode> ready)
    {
        Debug.Assert(_ownerThreadId == Interop.gettid(), "only the owner's thread ends its operations");
        // Receives and polls end at once when they are cancelled.
        Deadline limit = Deadline.After(TimeSpan.FromSeconds(10));
        bool isCanceling = false;
        while (_operations.Count > 0 || _isEpollArmed)
        {
            if (limit.HasPassed)
                return false;
            if (!isCanceling)
            {
                Interop.io_uring_sqe* entry = TryGetEntry();
                isCanceling = entry is not null;
                if (isCanceling)
                {
                    entry->opcode = Interop.IORING_OP_ASYNC_CANCEL;
                    entry->op_flags = Interop.IORING_ASYNC_CANCEL_ANY | Interop.IORING_ASYNC_CANCEL_ALL;
                    entry->user_data = IgnoredKey;
                    _ring.Push();
                }
            }
            _ = _ring.Enter(_ring.PendingSubmissions, 1, Interop.IORING_ENTER_GETEVENTS, Deadline.After(TimeSpan.FromMilliseconds(10)));
            TakeCompletions(ready);
        }
        return true;
    }

    private void AddBuffersIfMayBe()
    {
        _lacksBuffers = false;
        // If the kernel refuses, those that there are must do: who finds none left receives without the ring.
        if (_buffers[^1].Count < _mostBuffers)
            _ = AddBuffers(_buffers[^1].Count * 2);
    }

    private int AddBuffers(int count)
    {
        var buffers = new BufferRing((ushort)_buffers.Count, count, BufferRing.DefaultSize);
        int errno = buffers.RegisterWith(_ring);
        if (errno == 0)
            _buffers.Add(buffers);
        else
            buffers.Dispose();
        return errno;
    }

    private void TakeHeldSockets()
    {
        if (_heldSockets.Count == 0 || _ring.PendingSubmissions != 0)
            return;
        _letGo.AddRange(_heldSockets);
        _heldSockets.Clear();
    }

    // Not under the gate: one that was disposed of meanwhile is closed here.
    private void LetSocketsGo()
    {
        foreach (SocketDescriptor socket in _letGo)
            socket.DangerousRelease();
        _letGo.Clear();
    }

    private void EnableIfNew()
    {
        if (_ownerThreadId != 0)
            return;
        int errno = _ring.Register(Interop.IORING_REGISTER_ENABLE_RINGS, null, 0);
        if (errno != 0)
            throw new SystemCallException("io_uring_register", errno);
        _ownerThreadId = Interop.gettid();
    }

    private void QueueEpoll()
    {
        Interop.io_uring_sqe* entry = TryGetEntry();
        if (entry is null)
            return; // The kernel has no memory for the entries before it; the next poll tries again.
        entry->opcode = Interop.IORING_OP_POLL_ADD;
        entry->fd = _epoll;
        entry->op_flags = Interop.EPOLLIN;
        entry->user_data = EpollKey;
        _ring.Push();
        _isEpollArmed = true;
    }

    private void QueueCancellations()
    {
        while (_toCancel.Count > 0)
        {
            Interop.io_uring_sqe* entry = TryGetEntry();
            if (entry is null)
                return;
            entry->opcode = Interop.IORING_OP_ASYNC_CANCEL;
            entry->addr = _toCancel[^1];
            entry->user_data = IgnoredKey;
            _ring.Push();
            _toCancel.RemoveAt(_toCancel.Count - 1);
        }
    }

    // When the queue is full the kernel takes what is there, without completing anything.
    private Interop.io_uring_sqe* TryGetEntry()
    {
        Interop.io_uring_sqe* entry = _ring.TryGetEntry();
        if (entry is not null)
            return entry;
        _ = _ring.Enter(_ring.PendingSubmissions, 0, 0, Deadline.Never);
        return _ring.TryGetEntry();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void TakeCompletions(List<WaitNode> ready)
    {
        while (_ring.TryTake(out Interop.io_uring_cqe completion))
        {
            if (_operations.Find(completion.user_data) is { } operation)
            {
                // Before the operation hears of its end, after which it may be submitted again.
                if ((completion.flags & Interop.IORING_CQE_F_MORE) == 0)
                    _operations.Remove(operation);
                operation.OnCompletion(completion.res, completion.flags, ready);
            }
            else if (completion.user_data == EpollKey)
            {
                _isEpollArmed = false;
                _hasEpollEvents = true;
            }
        }
    }

    // Out of memory for requests, or too many completions kept aside: they are taken now, and the next poll tries again.
    private static void ThrowUnlessItPasses(int errno)
    {
        if (errno is not (Errno.EAGAIN or Errno.EBUSY or Errno.ENOMEM))
            throw new SystemCallException("io_uring_enter", errno);
        _ = Interop.sched_yield();
    }
}
