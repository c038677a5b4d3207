using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    internal const int O_RDONLY = 0;
    internal const int O_WRONLY = 1;
    internal const int O_CLOEXEC = 0x80000;

    /// <summary>open(2) without O_CREAT, so without a mode.</summary>
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8, EntryPoint = "open")]
    internal static partial int open_existing(string pathname, int flags);
}
