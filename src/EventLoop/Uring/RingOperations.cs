using System.Runtime.InteropServices;

namespace GreenThreads;

// System calls on files that go through the ring of the caller's loop, if it has one (FileRing). Each parks while the kernel waits for a disk or a server, and
// returns when the kernel is done with the buffer, also if the green thread is cancelled meanwhile. Errors are negative numbers, as the kernel's.
//
// A plain OS thread, and a green thread in bound mode, has no ring: it makes the call itself.
internal static unsafe class RingOperations
{
    private const int AT_FDCWD = -100;

    /// <summary>pread(2), or read(2) at the file's own position for an offset of -1. Parks.</summary>
    /// <param name="file">The file; it is held open.</param>
    /// <param name="buffer">Pinned by the caller until this returns.</param>
    /// <param name="length">Of the buffer.</param>
    /// <param name="offset">Where.</param>
    /// <param name="result">How many bytes, or the negative error number.</param>
    /// <returns>False if there is no ring to use: nothing was done.</returns>
    /// <exception cref="GreenThreadCanceledException">The green thread was cancelled, and nothing was done.</exception>
    internal static bool TryRead(SafeHandle file, byte* buffer, int length, long offset, out long result) =>
        TryRun(file, new Interop.io_uring_sqe { opcode = Interop.IORING_OP_READ, addr = (ulong)buffer, len = (uint)length, off = (ulong)offset }, out result);

    /// <summary>pwrite(2), or write(2) at the file's own position for an offset of -1. Parks.</summary>
    /// <inheritdoc cref="TryRead"/>
    internal static bool TryWrite(SafeHandle file, byte* buffer, int length, long offset, out long result) =>
        TryRun(file, new Interop.io_uring_sqe { opcode = Interop.IORING_OP_WRITE, addr = (ulong)buffer, len = (uint)length, off = (ulong)offset }, out result);

    /// <summary>fsync(2), or fdatasync(2). Parks.</summary>
    /// <param name="file">The file; it is held open.</param>
    /// <param name="withTimes">fsync.</param>
    /// <param name="result">0, or the negative error number.</param>
    /// <returns>False if there is no ring to use: nothing was done.</returns>
    /// <exception cref="GreenThreadCanceledException">The green thread was cancelled, and nothing was done.</exception>
    internal static bool TrySync(SafeHandle file, bool withTimes, out long result) =>
        TryRun(file, new Interop.io_uring_sqe { opcode = Interop.IORING_OP_FSYNC, op_flags = withTimes ? 0 : Interop.IORING_FSYNC_DATASYNC }, out result);

    /// <summary>open(2). Parks.</summary>
    /// <param name="path">The path, as the process sees it.</param>
    /// <param name="flags">O_...</param>
    /// <param name="mode">The permissions of a new one.</param>
    /// <param name="result">The descriptor, or the negative error number.</param>
    /// <returns>False if there is no ring to use: nothing was done.</returns>
    /// <exception cref="GreenThreadCanceledException">The green thread was cancelled, and nothing was opened.</exception>
    internal static bool TryOpen(string path, int flags, uint mode, out long result)
    {
        result = 0;
        if (RingOfCaller is not { } ring)
            return false;
        byte[] name = new byte[System.Text.Encoding.UTF8.GetMaxByteCount(path.Length) + 1]; // With a zero at its end.
        System.Text.Encoding.UTF8.GetBytes(path, name);
        fixed (byte* address = name)
        {
            // SAFETY: the name is pinned until the operation has completed.
            var request = new Interop.io_uring_sqe
            {
                opcode = Interop.IORING_OP_OPENAT,
                fd = AT_FDCWD,
                addr = (ulong)address,
                len = mode,
                op_flags = (uint)flags,
            };
            return TryRun(ring, request, out result);
        }
    }

    private static FileRing? RingOfCaller => EventLoopHost.Current.CurrentGreenThread is null ? null : EventLoopHost.Current.LoopOfCaller.FileRing;

    private static bool TryRun(SafeHandle file, Interop.io_uring_sqe request, out long result)
    {
        result = 0;
        if (RingOfCaller is not { } ring)
            return false;
        bool isHeld = false;
        try
        {
            file.DangerousAddRef(ref isHeld);
            request.fd = (int)file.DangerousGetHandle();
            return TryRun(ring, request, out result);
        }
        finally
        {
            if (isHeld)
                file.DangerousRelease();
        }
    }

    private static bool TryRun(FileRing ring, in Interop.io_uring_sqe request, out long result)
    {
        bool isRun;
        int answer;
        do
            isRun = ring.TryRun(request, out answer);
        while (isRun && answer == -Errno.EINTR);
        result = answer;
        return isRun;
    }
}
