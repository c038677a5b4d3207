namespace GreenThreads;

// The number of a deleted file is soon that of another, so the file is held open by a descriptor that is good for nothing else (O_PATH): as long as it is, the
// number is its alone.

/// <summary>The file that a Unix socket has at a path. Remembers which one it is, so that it is not taken for another one that came later.</summary>
internal sealed class SocketFile : IDisposable
{
    private readonly string _path;
    private readonly FileDescriptor _descriptor;
    private readonly (uint Major, uint Minor, ulong Inode) _identity;

    private SocketFile(string path, FileDescriptor descriptor, (uint Major, uint Minor, ulong Inode) identity) =>
        (_path, _descriptor, _identity) = (path, descriptor, identity);

    /// <summary>The one at a path; null if there is no socket, or nothing can be found out about it.</summary>
    internal static SocketFile? At(string path)
    {
        // Where the process is now: it may be elsewhere when the file is deleted.
        path = Path.GetFullPath(path);
        int descriptor = Interop.open_existing(path, Interop.O_PATH | Interop.O_NOFOLLOW | Interop.O_CLOEXEC);
        if (descriptor < 0)
            return null;
        var owner = new FileDescriptor(descriptor);
        if (TryIdentify(owner, out (uint, uint, ulong) identity))
            return new SocketFile(path, owner, identity);
        owner.Dispose();
        return null;
    }

    /// <summary>Deletes it if it is still there. What fails is left: the file is only a name.</summary>
    internal void DeleteIfOurs()
    {
        using SocketFile? there = At(_path);
        if (there is not null && there._identity == _identity)
            Interop.unlink(_path);
    }

    public void Dispose() => _descriptor.Dispose();

    private static unsafe bool TryIdentify(FileDescriptor descriptor, out (uint Major, uint Minor, ulong Inode) identity)
    {
        Interop.statx_identity status;
        // SAFETY: the kernel fills in the structure during the call.
        bool isKnown = Interop.statx(descriptor, "", Interop.AT_EMPTY_PATH, Interop.STATX_TYPE | Interop.STATX_INO, &status) == 0;
        identity = isKnown ? (status.stx_dev_major, status.stx_dev_minor, status.stx_ino) : default;
        return isKnown && (status.stx_mode & Interop.S_IFMT) == Interop.S_IFSOCK;
    }
}
