using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int connect(SafeHandle sockfd, byte* addr, int addrlen);

    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int connect(int sockfd, byte* addr, int addrlen);
}
