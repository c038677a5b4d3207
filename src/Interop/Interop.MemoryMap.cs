using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>mmap(2), munmap(2), mprotect(2) and madvise(2).</summary>
internal static partial class Interop
{
    internal const int PROT_NONE = 0;
    internal const int PROT_READ = 1;
    internal const int PROT_WRITE = 2;
    internal const int PROT_EXEC = 4;

    internal const int MAP_PRIVATE = 0x2;
    internal const int MAP_ANONYMOUS = 0x20;
    internal const int MAP_NORESERVE = 0x4000;
    internal static readonly nint MAP_FAILED = -1;

    internal const int MADV_DONTNEED = 4;
    internal const int MADV_NOHUGEPAGE = 15;

    /// <summary>Linux 6.13 and later: pages that fault when touched, without a mapping of their own.</summary>
    internal const int MADV_GUARD_INSTALL = 102;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint mmap(nint addr, nint length, int prot, int flags, int fd, nint offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int munmap(nint addr, nint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int mprotect(nint addr, nint length, int prot);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int madvise(nint addr, nint length, int advice);
}
