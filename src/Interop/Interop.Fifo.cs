using System.Runtime.InteropServices;

namespace GreenThreads;

// The numbers are those of x64 and asm-generic.
internal static partial class Interop
{
    /// <summary>Of a pipe: each write is a packet, and each read takes one.</summary>
    internal const int O_DIRECT = 0x4000;

    internal const int F_SETPIPE_SZ = 1031;
    internal const int F_GETPIPE_SZ = 1032;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mkfifo(string pathname, uint mode);

    /// <summary>open(2) without O_CREAT, so without a mode.</summary>
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8, EntryPoint = "open")]
    internal static partial int open_existing(string pathname, int flags);
}
