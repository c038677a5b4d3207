using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    /// <summary>Does not wait, whatever the descriptor's flags say.</summary>
    internal const int MSG_DONTWAIT = 0x40;

    // The sockets are non-blocking, but copying a large buffer takes long: the GC transition stays.
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial nint recv(SafeHandle sockfd, byte* buf, nuint len, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial nint recv(int sockfd, byte* buf, nuint len, int flags);
}
