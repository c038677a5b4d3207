using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int bind(SafeHandle sockfd, byte* addr, int addrlen);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int listen(SafeHandle sockfd, int backlog);
}
