namespace GreenThreads;

/// <summary>The file that a Unix socket has at a path. Remembers which one it is, so that it is not taken for another one that came later.</summary>
internal sealed class SocketFile
{
    private readonly string _path;
    private readonly (uint Major, uint Minor, ulong Inode) _identity;

    private SocketFile(string path, (uint Major, uint Minor, ulong Inode) identity) => (_path, _identity) = (path, identity);

    /// <summary>The one at a path; null if there is no socket.</summary>
    internal static SocketFile? At(string path)
    {
        // Where the process is now: it may be elsewhere when the file is deleted.
        path = Path.GetFullPath(path);
        return TryIdentify(path, out var identity) ? new SocketFile(path, identity) : null;
    }

    /// <summary>Deletes it if it is still there. What fails is left: the file is only a name.</summary>
    internal void DeleteIfOurs()
    {
        if (TryIdentify(_path, out var identity) && identity == _identity)
            Interop.unlink(_path);
    }

    private static unsafe bool TryIdentify(string path, out (uint Major, uint Minor, ulong Inode) identity)
    {
        Interop.statx_identity status;
        // SAFETY: the kernel fills in the structure during the call.
        bool isThere = Interop.statx(Interop.AT_FDCWD, path, Interop.AT_SYMLINK_NOFOLLOW, Interop.STATX_TYPE | Interop.STATX_INO, &status) == 0;
        identity = isThere ? (status.stx_dev_major, status.stx_dev_minor, status.stx_ino) : default;
        return isThere && (status.stx_mode & Interop.S_IFMT) == Interop.S_IFSOCK;
    }
}
