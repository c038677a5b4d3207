using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    /// <summary>Given to a receive of datagrams: it returns how long the datagram was, not how much of it there was room for.</summary>
    internal const int MSG_TRUNC = 0x20;

    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial nint recvfrom(SafeHandle sockfd, byte* buf, nuint len, int flags, byte* src_addr, int* addrlen);

    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial nint sendto(SafeHandle sockfd, byte* buf, nuint len, int flags, byte* dest_addr, int addrlen);
}
