using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    // Linux frees the number even when close fails with EINTR, so nobody calls it twice.
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);
}
