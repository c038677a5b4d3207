using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    internal const int O_RDWR = 2;
    internal const int O_CLOEXEC = 0x80000;

    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int pipe2(int* pipefd, int flags);
}
