using System.Runtime.InteropServices;

#pragma warning disable CS8981 // Lower-case type names: native names keep native spelling.

namespace GreenThreads;

// The layout is that of 64-bit glibc.
internal static partial class Interop
{
    internal const int SCM_RIGHTS = 1;
    internal const int MSG_CTRUNC = 0x08;
    internal const int MSG_CMSG_CLOEXEC = 0x40000000;

    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial nint sendmsg(SafeHandle sockfd, msghdr* msg, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial nint recvmsg(SafeHandle sockfd, msghdr* msg, int flags);

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct iovec
    {
        internal byte* iov_base;
        internal nuint iov_len;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct msghdr
    {
        internal void* msg_name;
        internal uint msg_namelen;
        internal iovec* msg_iov;
        internal nuint msg_iovlen;
        internal void* msg_control;
        internal nuint msg_controllen;
        internal int msg_flags;
    }

    /// <summary>A control message with one descriptor, as it lies in memory: the header of 16 bytes and what follows it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct cmsg_of_descriptor
    {
        /// <summary>CMSG_LEN: not CMSG_SPACE, whose padding the kernel would fill with a second descriptor.</summary>
        internal const int Length = 20;

        internal nuint cmsg_len;
        internal int cmsg_level;
        internal int cmsg_type;
        internal int descriptor;
    }
}
