using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    internal const int F_GETFL = 3;
    internal const int F_SETFL = 4;
    internal const int F_DUPFD_CLOEXEC = 1030;
    internal const int O_NONBLOCK = 0x800;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fcntl(SafeHandle fd, int cmd);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fcntl(SafeHandle fd, int cmd, nint arg);
}
