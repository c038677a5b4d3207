using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace GreenThreads;

// The ring of one loop for operations on files, which epoll does not know: each is one system call, and the caller parks only if the kernel has to wait.
//
//   what lies in the page cache      is copied during io_uring_enter: no park, no other thread
//   what must come from the disk     the caller parks; the completion makes the ring readable, which is in the epoll set
//   what the kernel must do blocking (fsync, most opens), it does on threads of its own
//
// A ring of its own, without SINGLE_ISSUER and DEFER_TASKRUN: completions come without the owner's help, so a scheduler that is stuck holds up nobody's
// file, and any thread may submit: the caller goes on wherever it is woken.
//
// The kernel writes into the caller's buffer until the operation has completed. So a wait is never given up: a caller that is cancelled cancels the
// operation and goes on waiting for the kernel's answer, which comes at once or, if the operation has begun, when it has ended. It gets the result if there is
// one, and learns of its cancellation at its next park; only if nothing has happened it is told now.
internal sealed unsafe class FileRing : IDisposable
{
    // Guesses.
    private const uint Submissions = 128;
    private const uint Completions = 1024;

    private const ulong IgnoredKey = ulong.MaxValue;

    private readonly IoUring _ring;
    private SpinGate _gate;

    // All guarded by _gate.
    private readonly OperationTable _operations = new();
    private FileOperation? _free;
    private int _users; // Calls of TryRun that have not ended: the ring stays until they have.
    private bool _isDisposed;

    /// <exception cref="SystemCallException">The kernel refused.</exception>
    internal FileRing() => _ring = new IoUring(Submissions, Completions, Interop.IORING_SETUP_SUBMIT_ALL);

    internal int Descriptor => _ring.Descriptor;

    /// <summary>Operations under way; for tests.</summary>
    internal int OperationCount => _operations.Count;

    /// <summary>Runs one operation. Parks until the kernel is done with it; memory that it names must stay until then.</summary>
    /// <param name="request">The submission, but for what stands for it.</param>
    /// <param name="result">What the system call would have returned, an error as its negative number.</param>
    /// <returns>False if the ring is closed: its scheduler has ended.</returns>
    /// <exception cref="GreenThreadCanceledException">The calling green thread is cancelled, and the operation did not take place.</exception>
    internal bool TryRun(in Interop.io_uring_sqe request, out int result)
    {
        result = 0;
        if (TrySubmit(request, Waiter.Current) is not { } operation)
            return false;
        // Mostly it is done by now. Others that are done too are told of it on the way.
        TakeCompletionsAndWake(operation);
        result = operation.IsDone ? Finish(operation) : Wait(operation);
        return true;
    }

    /// <summary>Takes what has completed. Any thread that polls the loop.</summary>
    internal void TakeCompletions(List<WaitNode> ready)
    {
        using (_gate.Enter())
        {
            while (!_isDisposed && _ring.TryTake(out Interop.io_uring_cqe completion))
                End(completion, ready);
        }
    }

    /// <summary>Closes it. Blocks until nobody uses it: nobody does when a group has ended, save threads that are not of it.</summary>
    public void Dispose()
    {
        while (true)
        {
            using (_gate.Enter())
            {
                if (_isDisposed)
                    return;
                if (_users == 0)
                {
                    _isDisposed = true;
                    break;
                }
            }
            _ = _ring.Enter(_ring.PendingSubmissions, 1, Interop.IORING_ENTER_GETEVENTS, Deadline.After(TimeSpan.FromMilliseconds(10)));
            TakeCompletionsAndWake(own: null);
        }
        _ring.Dispose();
    }

    private FileOperation? TrySubmit(in Interop.io_uring_sqe request, Waiter? waiter)
    {
        FileOperation? operation = null;
        while (true)
        {
            using (_gate.Enter())
            {
                if (_isDisposed)
                    return null;
                Interop.io_uring_sqe* entry = _ring.TryGetEntry();
                if (entry is not null)
                {
                    *entry = request;
                    entry->user_data = IgnoredKey;
                    if (waiter is not null)
                    {
                        operation = _free ?? new FileOperation();
                        _free = operation.NextFree;
                        operation.Begin(waiter);
                        _operations.Add(operation);
                        _users++;
                        entry->user_data = operation.Key;
                    }
                    _ring.Push();
                    break;
                }
            }
            Submit();
        }
        // Not under the gate: what is in the page cache is copied during the call. Another thread may submit ours with its own; the kernel counts.
        Submit();
        return operation;
    }

    private void Submit()
    {
        while (_ring.PendingSubmissions is var pending && pending != 0)
        {
            int errno = _ring.Enter(pending, 0, 0, Deadline.Never);
            if (errno == 0)
                return;
            // Out of memory for requests, or too many completions: those that are there make room.
            if (errno is not (Errno.EAGAIN or Errno.EBUSY or Errno.EINTR or Errno.ENOMEM))
                throw new SystemCallException("io_uring_enter", errno);
            TakeCompletionsAndWake(own: null);
            _ = Interop.sched_yield();
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever ends the park, the kernel may still write into the caller's buffer; it is thrown afterwards.")]
    private int Wait(FileOperation operation)
    {
        Waiter waiter = operation.Waiter!;
        Exception? ending = null;
        while (!operation.IsDone)
        {
            if (ending is not null)
            {
                waiter.ParkUncanceled(Deadline.Never);
                continue;
            }
            try
            {
                waiter.ParkCore(Deadline.Never);
            }
            catch (Exception exception)
            {
                ending = exception;
                Cancel(operation);
            }
        }
        int result = Finish(operation);
        if (ending is not null && result is -Errno.ECANCELED or -Errno.EINTR)
            ExceptionDispatchInfo.Throw(ending!);
        return result;
    }

    private void Cancel(FileOperation operation)
    {
        // If it completes before this is looked at, its key is nobody's any more.
        var request = new Interop.io_uring_sqe { opcode = Interop.IORING_OP_ASYNC_CANCEL, addr = operation.Key };
        TrySubmit(request, null);
        TakeCompletionsAndWake(operation);
    }

    private int Finish(FileOperation operation)
    {
        int result = operation.Result;
        operation.Waiter = null;
        using (_gate.Enter())
        {
            operation.NextFree = _free;
            _free = operation;
            _users--;
        }
        return result;
    }

    // Mostly the one completion is the caller's own, who need not be woken.
    private void TakeCompletionsAndWake(FileOperation? own)
    {
        if (!_ring.HasCompletions)
            return;
        List<WaitNode>? ready = null;
        using (_gate.Enter())
        {
            while (_ring.TryTake(out Interop.io_uring_cqe completion))
            {
                if (own is not null && completion.user_data == own.Key)
                    End(completion, ready: null);
                else
                    End(completion, ready ??= []);
            }
        }
        foreach (WaitNode waiter in ready ?? [])
            waiter.Wake();
    }

    private void End(in Interop.io_uring_cqe completion, List<WaitNode>? ready)
    {
        if (_operations.Find(completion.user_data) is not { } operation)
            return;
        _operations.Remove(operation);
        ((FileOperation)operation).End(completion.res, ready);
    }
}
