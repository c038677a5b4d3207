using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    // The sockets are non-blocking, but copying a large buffer takes long: the GC transition stays.
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial nint recv(SafeHandle sockfd, byte* buf, nuint len, int flags);
}
