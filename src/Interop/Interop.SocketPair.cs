using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int socketpair(int domain, int type, int protocol, int* sv);
}
