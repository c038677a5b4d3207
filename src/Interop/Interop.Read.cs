using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    // Mostly non-blocking, but copying a large buffer takes long: the GC transition stays.
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial nint read(SafeHandle fd, byte* buf, nuint count);
}
