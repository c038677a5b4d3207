using System.Runtime.InteropServices;

namespace GreenThreads;

// The calls of a file that may wait for a disk or a server, in the one place where another engine than a pool of OS threads can take them over. epoll knows nothing
// of files: for it they are always ready.
//
// What does not have to wait is done at once: a read of what the page cache has, a write to it (RWF_NOWAIT). The kernel says EAGAIN when it would have to wait, and
// EOPNOTSUPP where the file system cannot tell, which is remembered. Pieces are limited: copying a large one would stall a scheduler as well.
//
// What has to wait goes through the ring of the scheduler's event loop, if it has one (RingOperations), and otherwise to the pool.
//
// The caller's buffer may be used until a call returns, which is why none is ever abandoned.

/// <summary>The system calls on one open file. Each parks while it is made elsewhere.</summary>
internal sealed unsafe class FileOperations : IDisposable
{
    // What is copied at once, without leaving the scheduler: some ten microseconds. A guess.
    private const int LargestPiece = 128 << 10;

    private readonly FileDescriptor _file;
    private readonly string _path;

    // Written from true to false, by whoever finds out; a stale read costs one more failing call.
    private bool _canReadAtOnce = true;
    private bool _canWriteAtOnce = true;

    private FileOperations(FileDescriptor file, string path)
    {
        _file = file;
        _path = path;
    }

    internal FileDescriptor Descriptor => _file;

    /// <summary>Opens a file. Parks.</summary>
    internal static FileOperations Open(string path, int flags, UnixFileMode createMode)
    {
        if (!RingOperations.TryOpen(path, flags | Interop.O_CLOEXEC, (uint)createMode, out long descriptor))
        {
            descriptor = Elsewhere(() =>
            {
                int result = Interop.open(path, flags | Interop.O_CLOEXEC, (uint)createMode);
                return result >= 0 ? result : -Marshal.GetLastPInvokeError();
            });
        }
        return descriptor >= 0 ? new FileOperations(new FileDescriptor((int)descriptor), path) : throw FileErrors.Of("open", (int)-descriptor, path);
    }

    /// <summary>Reads what there is at an offset, or at the file's own position (-1): at least one byte, or 0 at the end. Parks.</summary>
    internal int Read(Span<byte> buffer, long offset)
    {
        EventLoopHost.Current.SpendBudget();
        fixed (byte* start = buffer)
        {
            // SAFETY: the buffer is pinned until all calls have returned; a parked green thread's stack keeps it so.
            if (_canReadAtOnce)
            {
                long done = ReadOnce(start, Math.Min(buffer.Length, LargestPiece), offset, Interop.RWF_NOWAIT);
                if (done >= 0)
                    return (int)done;
                _canReadAtOnce = CanStillTry(-done);
            }
            if (RingOperations.TryRead(_file, start, buffer.Length, offset, out long read))
                return (int)Checked("pread", read);
            nint address = (nint)start;
            int length = buffer.Length;
            return (int)Checked("pread", Elsewhere(() => ReadOnce((byte*)address, length, offset, flags: 0)));
        }
    }

    /// <summary>Writes a first part, at least one byte, at an offset or where the file's own position is (-1). Parks.</summary>
    /// <returns>How many bytes.</returns>
    internal int Write(ReadOnlySpan<byte> buffer, long offset)
    {
        EventLoopHost.Current.SpendBudget();
        fixed (byte* start = buffer)
        {
            // SAFETY: as above.
            if (_canWriteAtOnce)
            {
                long done = WriteOnce(start, Math.Min(buffer.Length, LargestPiece), offset, Interop.RWF_NOWAIT);
                if (done > 0 || (done == 0 && buffer.IsEmpty))
                    return (int)done;
                _canWriteAtOnce = CanStillTry(-done);
            }
            if (RingOperations.TryWrite(_file, start, buffer.Length, offset, out long written))
                return (int)Checked("pwrite", written);
            nint address = (nint)start;
            int length = buffer.Length;
            return (int)Checked("pwrite", Elsewhere(() => WriteOnce((byte*)address, length, offset, flags: 0)));
        }
    }

    /// <summary>Waits until the disk has what was written. Parks.</summary>
    internal void FlushToDisk(bool withTimes)
    {
        if (!RingOperations.TrySync(_file, withTimes, out long result))
            result = Elsewhere(() => ResultOf(withTimes ? Interop.fsync(_file) : Interop.fdatasync(_file)));
        Checked(withTimes ? "fsync" : "fdatasync", result);
    }

    /// <summary>Makes it shorter, or longer with zeros. Parks.</summary>
    internal void SetLength(long length) => Checked("ftruncate", Elsewhere(() => ResultOf(Interop.ftruncate(_file, length))));

    /// <summary>Moves the file's own position. For SEEK_END, which asks the file system, parks.</summary>
    /// <returns>The position, or the negative error number: -ESPIPE if it has none.</returns>
    internal long Seek(long offset, int whence) => whence == Interop.SEEK_END
        ? Elsewhere(() => ResultOf(Interop.lseek(_file, offset, whence)))
        : ResultOf(Interop.lseek(_file, offset, whence));

    /// <summary>Closes it, which may write to a server or free much on a disk. Parks.</summary>
    public void Dispose()
    {
        if (_file.IsClosed)
            return;
        bool isMade = false;
        try
        {
            BlockingWork.Run(() =>
            {
                isMade = true;
                _file.Dispose();
            });
        }
        catch when (!isMade)
        {
            // The green thread is cancelled. To stay open would be worse than to stall.
            _file.Dispose();
        }
    }

    internal long Checked(string call, long result) => result >= 0 ? result : throw FileErrors.Of(call, (int)-result, _path);

    private static T Elsewhere<T>(Func<T> call) => BlockingWork.Run(call);

    private static bool CanStillTry(long errno) => errno is not (Errno.EOPNOTSUPP or Errno.ENOSYS or Errno.EPERM or Errno.EINVAL);

    private long ReadOnce(byte* start, int length, long offset, int flags)
    {
        var piece = new Interop.iovec { iov_base = start, iov_len = (nuint)length };
        while (true)
        {
            // SAFETY: the caller keeps the buffer until this returns.
            long result = ResultOf(Interop.preadv2(_file, &piece, 1, offset, flags));
            if (result != -Errno.EINTR)
                return result;
        }
    }

    private long WriteOnce(byte* start, int length, long offset, int flags)
    {
        var piece = new Interop.iovec { iov_base = start, iov_len = (nuint)length };
        while (true)
        {
            // SAFETY: the caller keeps the buffer until this returns.
            long result = ResultOf(Interop.pwritev2(_file, &piece, 1, offset, flags));
            if (result != -Errno.EINTR)
                return result;
        }
    }

    private static long ResultOf(long result) => result >= 0 ? result : -Marshal.GetLastPInvokeError();
}
