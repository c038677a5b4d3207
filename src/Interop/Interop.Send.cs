using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    /// <summary>EPIPE instead of the signal SIGPIPE.</summary>
    internal const int MSG_NOSIGNAL = 0x4000;

    // The sockets are non-blocking, but copying a large buffer takes long: the GC transition stays.
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial nint send(SafeHandle sockfd, byte* buf, nuint len, int flags);
}
