using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads;

// A ring of io_uring(7): the memory that is shared with the kernel, and the three system calls. Who may call what, and from which thread, is the matter
// of SocketRing and FileRing; this class only knows the protocol of the two queues:
//
//   submissions   we write the entry, then the tail (release); the kernel reads the tail in io_uring_enter and writes the head as it takes them
//   completions   the kernel writes the entry, then the tail (release); we read the tail (acquire), the entries, then write the head (release),
//                 after which the kernel may overwrite them
//
// All counters run freely and wrap around; the index is the counter masked.
internal sealed unsafe class IoUring : IDisposable
{
    private const uint NeededFeatures = Interop.IORING_FEAT_SINGLE_MMAP | Interop.IORING_FEAT_NODROP | Interop.IORING_FEAT_SUBMIT_STABLE
        | Interop.IORING_FEAT_EXT_ARG;

    private readonly int _descriptor;
    private readonly nint _ringsSize;
    private readonly nint _entriesSize;
    private readonly nint _rings = Interop.MAP_FAILED;
    private readonly Interop.io_uring_sqe* _entries;
    private readonly Interop.io_uring_cqe* _completions;
    private readonly uint* _submissionHead;
    private readonly uint* _submissionTail;
    private readonly uint* _submissionFlags;
    private readonly uint* _completionHead;
    private readonly uint* _completionTail;
    private readonly uint _submissionMask;
    private readonly uint _completionMask;
    private bool _isDisposed;

    /// <summary>Creates a ring.</summary>
    /// <param name="submissions">Room for submissions; the kernel takes the next power of two.</param>
    /// <param name="completions">Room for completions; what does not fit the kernel keeps aside.</param>
    /// <param name="flags">IORING_SETUP_* beside the sizes.</param>
    /// <exception cref="SystemCallException">The kernel refused: see <see cref="EventLoopEngines"/>.</exception>
    internal IoUring(uint submissions, uint completions, uint flags)
    {
        Interop.io_uring_params parameters = default;
        parameters.flags = flags | Interop.IORING_SETUP_CQSIZE | Interop.IORING_SETUP_CLAMP;
        parameters.cq_entries = completions;
        if (EventLoopEngines.SimulatedErrno != 0)
            throw new SystemCallException("io_uring_setup", EventLoopEngines.SimulatedErrno);
        // SAFETY: the kernel reads and fills in the parameters during the call.
        _descriptor = Interop.io_uring_setup(submissions, &parameters);
        if (_descriptor < 0)
            throw new SystemCallException("io_uring_setup", Marshal.GetLastPInvokeError());
        try
        {
            // The last of them came with Linux 5.11.
            if ((parameters.features & NeededFeatures) != NeededFeatures)
                throw new SystemCallException("io_uring_setup", Errno.EINVAL, "the kernel is too old");
            _ringsSize = (nint)Math.Max(parameters.sq_off.array + parameters.sq_entries * sizeof(uint),
                parameters.cq_off.cqes + parameters.cq_entries * (uint)sizeof(Interop.io_uring_cqe));
            _entriesSize = (nint)parameters.sq_entries * sizeof(Interop.io_uring_sqe);
            _rings = Map(_ringsSize, Interop.IORING_OFF_SQ_RING);
            _entries = (Interop.io_uring_sqe*)Map(_entriesSize, Interop.IORING_OFF_SQES);
        }
        catch
        {
            Dispose();
            throw;
        }
        // SAFETY: the kernel gives offsets into what was just mapped; all words there are aligned.
        byte* rings = (byte*)_rings;
        _submissionHead = (uint*)(rings + parameters.sq_off.head);
        _submissionTail = (uint*)(rings + parameters.sq_off.tail);
        _submissionFlags = (uint*)(rings + parameters.sq_off.flags);
        _submissionMask = parameters.sq_entries - 1;
        _completionHead = (uint*)(rings + parameters.cq_off.head);
        _completionTail = (uint*)(rings + parameters.cq_off.tail);
        _completionMask = parameters.cq_entries - 1;
        _completions = (Interop.io_uring_cqe*)(rings + parameters.cq_off.cqes);
        // The kernel takes entries by way of this array, so that they could be out of order. Ours never are.
        uint* order = (uint*)(rings + parameters.sq_off.array);
        for (uint i = 0; i < parameters.sq_entries; i++)
            order[i] = i;
    }

    internal int Descriptor => _descriptor;

    /// <summary>Entries that the kernel has not taken. Any thread.</summary>
    // SAFETY: mapped until Dispose, which its callers exclude.
    internal uint PendingSubmissions => Volatile.Read(ref *_submissionTail) - Volatile.Read(ref *_submissionHead);

    /// <summary>Whether completions lie in the queue. Any thread.</summary>
    // SAFETY: as above.
    internal bool HasCompletions => Volatile.Read(ref *_completionTail) != Volatile.Read(ref *_completionHead);

    /// <summary>Whether the kernel has something for us that only an <see cref="Enter"/> brings: deferred work, or completions for which there was no room.</summary>
    // SAFETY: as above.
    internal bool NeedsEnter => (Volatile.Read(ref *_submissionFlags) & (Interop.IORING_SQ_TASKRUN | Interop.IORING_SQ_CQ_OVERFLOW)) != 0;

    /// <summary>The next free entry, cleared; null if the kernel must take some first. To be followed by <see cref="Push"/>. One thread at a time.</summary>
    internal Interop.io_uring_sqe* TryGetEntry()
    {
        // SAFETY: as above. Acquire: the kernel has read what it took before it moved the head.
        uint tail = *_submissionTail;
        if (tail - Volatile.Read(ref *_submissionHead) > _submissionMask)
            return null;
        Interop.io_uring_sqe* entry = &_entries[tail & _submissionMask];
        *entry = default;
        return entry;
    }

    /// <summary>Hands the entry over that <see cref="TryGetEntry"/> gave last.</summary>
    // Release: whoever submits, on whichever thread, submits a whole entry.
    internal void Push() => Volatile.Write(ref *_submissionTail, *_submissionTail + 1);

    /// <summary>One io_uring_enter.</summary>
    /// <param name="toSubmit">How many entries to submit at most.</param>
    /// <param name="minimumComplete">How many completions must be there before it returns; it blocks the OS thread until then.</param>
    /// <param name="flags">IORING_ENTER_* beside that of the deadline.</param>
    /// <param name="until">When it returns at the latest, if it waits.</param>
    /// <returns>0 or an error number; ETIME is the deadline, EINTR a signal.</returns>
    internal int Enter(uint toSubmit, uint minimumComplete, uint flags, Deadline until)
    {
        if (minimumComplete == 0 || until.IsNever)
            return Interop.io_uring_enter(_descriptor, toSubmit, minimumComplete, flags, null) < 0 ? Marshal.GetLastPInvokeError() : 0;
        long nanoseconds = until.RemainingNanoseconds;
        var timeout = new Interop.timespec { tv_sec = nanoseconds / 1_000_000_000, tv_nsec = nanoseconds % 1_000_000_000 };
        var argument = new Interop.io_uring_getevents_arg { sigmask_sz = sizeof(ulong), ts = &timeout };
        // SAFETY: both live until the call returns.
        return Interop.io_uring_enter(_descriptor, toSubmit, minimumComplete, flags | Interop.IORING_ENTER_EXT_ARG, &argument) < 0
            ? Marshal.GetLastPInvokeError()
            : 0;
    }

    /// <summary>Takes the oldest completion. One thread at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryTake(out Interop.io_uring_cqe completion)
    {
        // SAFETY: as above.
        uint head = *_completionHead;
        if (head == Volatile.Read(ref *_completionTail)) // Acquire: pairs with the kernel's release; the entry is whole.
        {
            completion = default;
            return false;
        }
        completion = _completions[head & _completionMask];
        Volatile.Write(ref *_completionHead, head + 1); // Release: the entry was read before the kernel may overwrite it.
        return true;
    }

    internal int Register(uint operation, void* argument, uint count) =>
        Interop.io_uring_register(_descriptor, operation, argument, count) < 0 ? Marshal.GetLastPInvokeError() : 0;

    /// <summary>Unmaps and closes it. The kernel ends by itself what is still under way, some time later: callers that have given it memory wait before.</summary>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        // SAFETY: nobody uses the ring any more, says the caller.
        if (_entries is not null)
            _ = Interop.munmap((nint)_entries, _entriesSize);
        if (_rings != Interop.MAP_FAILED)
            _ = Interop.munmap(_rings, _ringsSize);
        _ = Interop.close(_descriptor);
    }

    private nint Map(nint size, nint offset)
    {
        nint address = Interop.mmap(0, size, Interop.PROT_READ | Interop.PROT_WRITE, Interop.MAP_SHARED | Interop.MAP_POPULATE, _descriptor, offset);
        return address == Interop.MAP_FAILED ? throw new SystemCallException("mmap", Marshal.GetLastPInvokeError()) : address;
    }
}
