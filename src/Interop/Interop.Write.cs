using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    // To a pipe without readers it raises SIGPIPE, which the runtime has set to be ignored.
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial nint write(SafeHandle fd, byte* buf, nuint count);
}
