using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    internal const int SHUT_RD = 0;
    internal const int SHUT_WR = 1;
    internal const int SHUT_RDWR = 2;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int shutdown(SafeHandle sockfd, int how);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int shutdown(int sockfd, int how);
}
