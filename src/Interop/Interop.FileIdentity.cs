using System.Runtime.InteropServices;

#pragma warning disable CS8981 // Lower-case type names: native names keep native spelling.

namespace GreenThreads;

internal static partial class Interop
{
    internal const int O_NOFOLLOW = 0x20000;
    internal const int AT_EMPTY_PATH = 0x1000;
    internal const uint STATX_TYPE = 0x1;
    internal const uint STATX_INO = 0x100;
    internal const int S_IFMT = 0xF000;
    internal const int S_IFSOCK = 0xC000;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int statx(SafeHandle dirfd, string pathname, int flags, uint mask, statx_identity* statxbuf);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int unlink(string pathname);

    /// <summary>struct statx, of which only what tells one file from another is named. The layout is the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct statx_identity
    {
        [FieldOffset(28)]
        internal ushort stx_mode;

        [FieldOffset(32)]
        internal ulong stx_ino;

        [FieldOffset(136)]
        internal uint stx_dev_major;

        [FieldOffset(140)]
        internal uint stx_dev_minor;
    }
}
