using System.Runtime.InteropServices;

#pragma warning disable CS8981 // Lower-case type names: native names keep native spelling.

namespace GreenThreads;

internal static partial class Interop
{
    internal const int IN_NONBLOCK = 0x800;
    internal const int IN_CLOEXEC = 0x80000;
    internal const uint IN_Q_OVERFLOW = 0x4000;
    internal const uint IN_IGNORED = 0x8000;

    /// <summary>Since Linux 4.18: an inode that is watched already is refused, with EEXIST.</summary>
    internal const uint IN_MASK_CREATE = 0x10000000;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int inotify_init1(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int inotify_add_watch(SafeHandle fd, string pathname, uint mask);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int inotify_rm_watch(SafeHandle fd, int wd);

    // The name follows, len bytes with the NULs that fill it up.
    [StructLayout(LayoutKind.Sequential)]
    internal struct inotify_event
    {
        internal int wd;
        internal uint mask;
        internal uint cookie;
        internal uint len;
    }
}
