using System.Runtime.InteropServices;

#pragma warning disable CS8981 // Lower-case type names: native names keep native spelling.

namespace GreenThreads;

internal static partial class Interop
{
    [LibraryImport("libc", SetLastError = true, EntryPoint = "getsockopt")]
    internal static unsafe partial int getsockopt_ucred(SafeHandle sockfd, int level, int optname, ucred* optval, int* optlen);

    [StructLayout(LayoutKind.Sequential)]
    internal struct ucred
    {
        internal int pid;
        internal uint uid;
        internal uint gid;
    }
}
