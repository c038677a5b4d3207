using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int pipe2(int* pipefd, int flags);
}
