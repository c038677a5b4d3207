using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    internal const int EFD_CLOEXEC = 0x80000;
    internal const int EFD_NONBLOCK = 0x800;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int eventfd(uint initval, int flags);

    /// <summary>Adds to the counter of a non-blocking eventfd. It fails with EAGAIN only after 2^64 - 2 of them.</summary>
    [LibraryImport("libc", SetLastError = true, EntryPoint = "eventfd_write")]
    internal static partial int eventfd_write(SafeHandle fd, ulong value);
}
