using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>Contents of files: preadv2(2), pwritev2(2), fsync(2), ftruncate(2), lseek(2).</summary>
internal static partial class Interop
{
    /// <summary>Fail with EAGAIN instead of waiting for the disk. Reads since Linux 4.14; EOPNOTSUPP where the file system cannot.</summary>
    internal const int RWF_NOWAIT = 8;

    internal const int SEEK_CUR = 1;
    internal const int SEEK_END = 2;

    // An offset of -1 is the file's own position, which those without one need.
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial nint preadv2(SafeHandle fd, iovec* iov, int iovcnt, long offset, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial nint pwritev2(SafeHandle fd, iovec* iov, int iovcnt, long offset, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fsync(SafeHandle fd);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fdatasync(SafeHandle fd);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ftruncate(SafeHandle fd, long length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial long lseek(SafeHandle fd, long offset, int whence);
}
