using System.Runtime.InteropServices;

namespace GreenThreads;

// The numbers are those of asm-generic, which x64 and Arm64 share.
internal static partial class Interop
{
    internal const int SOL_SOCKET = 1;
    internal const int SO_REUSEADDR = 2;
    internal const int SO_BROADCAST = 6;
    internal const int SO_KEEPALIVE = 9;
    internal const int SO_PEERCRED = 17;

    internal const int IPPROTO_TCP = 6;
    internal const int TCP_NODELAY = 1;
    internal const int TCP_KEEPIDLE = 4;
    internal const int TCP_KEEPINTVL = 5;
    internal const int TCP_KEEPCNT = 6;
    internal const int TCP_USER_TIMEOUT = 18;

    internal const int IPPROTO_IPV6 = 41;
    internal const int IPV6_V6ONLY = 26;

    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int setsockopt(SafeHandle sockfd, int level, int optname, int* optval, int optlen);

    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int getsockopt(SafeHandle sockfd, int level, int optname, int* optval, int* optlen);
}
