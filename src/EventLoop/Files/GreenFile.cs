using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>
/// A file as a stream that never stalls a scheduler: what the page cache has, or has room for, is copied at once, and whatever may wait for a disk or a server is
/// done elsewhere while the calling green thread is parked. A plain OS thread does it itself. Nothing is buffered here: who reads or writes small pieces wants a
/// <see cref="BufferedStream"/>. One thread at a time may use the position; any number may use <see cref="ReadAt"/> and <see cref="WriteAt"/>. A call that waits for
/// the disk cannot be interrupted: a green thread that is cancelled learns of it when it next waits.
/// </summary>
public sealed partial class GreenFile : Stream
{
    private const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    // The file's own position, for those that cannot seek, and for appending.
    private const long OwnPosition = -1;

    private readonly FileOperations _file;
    private readonly FileAccess _access;
    private readonly bool _appends;
    private readonly bool _canSeek;
    private long _position;

    private GreenFile(FileOperations file, string path, FileAccess access, bool appends)
    {
        _file = file;
        Name = path;
        _access = access;
        _appends = appends;
        _canSeek = file.Seek(0, Interop.SEEK_CUR) >= 0;
    }

    /// <summary>Opens or makes a file. Parks. Unlike <see cref="FileStream"/> it locks nothing.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="mode">What to do if it exists, and if not. With <see cref="FileMode.Append"/> every write goes to the end, wherever that is by then (O_APPEND).</param>
    /// <param name="access">Whether to read or write it; only to write if it is to be appended to.</param>
    /// <param name="createMode">The permissions of a new one, from which the process's umask takes some.</param>
    /// <exception cref="ArgumentException">The mode and the access do not go together.</exception>
    /// <exception cref="SystemCallException">It cannot be opened: it does not exist (ENOENT), exists (EEXIST), may not be used (EACCES), there is no room (ENOSPC) ...</exception>
    public static GreenFile Open(string path, FileMode mode, FileAccess access = FileAccess.ReadWrite, UnixFileMode createMode = Everybody)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        bool appends = mode == FileMode.Append;
        bool writes = (access & FileAccess.Write) != 0;
        if (appends && access != FileAccess.Write)
            throw new ArgumentException("A file that is appended to can only be written.", nameof(access));
        if (!writes && mode is FileMode.CreateNew or FileMode.Create or FileMode.Truncate)
            throw new ArgumentException("This mode writes to the file.", nameof(access));
        int flags = access switch
        {
            FileAccess.Read => Interop.O_RDONLY,
            FileAccess.Write => Interop.O_WRONLY,
            FileAccess.ReadWrite => Interop.O_RDWR,
            _ => throw new ArgumentOutOfRangeException(nameof(access)),
        };
        flags |= mode switch
        {
            FileMode.CreateNew => Interop.O_CREAT | Interop.O_EXCL,
            FileMode.Create => Interop.O_CREAT | Interop.O_TRUNC,
            FileMode.Open => 0,
            FileMode.OpenOrCreate => Interop.O_CREAT,
            FileMode.Truncate => Interop.O_TRUNC,
            FileMode.Append => Interop.O_CREAT | Interop.O_APPEND,
            _ => throw new ArgumentOutOfRangeException(nameof(mode)),
        };
        return new GreenFile(FileOperations.Open(path, flags, createMode), path, access, appends);
    }

    /// <summary>Opens a file that exists, to read it. Parks.</summary>
    /// <param name="path">Its path.</param>
    /// <exception cref="SystemCallException">It cannot be opened.</exception>
    public static GreenFile OpenRead(string path) => Open(path, FileMode.Open, FileAccess.Read);

    /// <summary>Makes a file, or makes one that exists empty, to write and read it. Parks.</summary>
    /// <param name="path">Its path.</param>
    /// <exception cref="SystemCallException">It cannot be opened.</exception>
    public static GreenFile Create(string path) => Open(path, FileMode.Create);

    /// <summary>The path that it was opened by.</summary>
    public string Name { get; }

    /// <summary>The descriptor.</summary>
    public SafeHandle Handle => _file.Descriptor;

    /// <summary>Whether it was opened to be read, and is open.</summary>
    public override bool CanRead => (_access & FileAccess.Read) != 0 && !_file.Descriptor.IsClosed;

    /// <summary>Whether it was opened to be written, and is open.</summary>
    public override bool CanWrite => (_access & FileAccess.Write) != 0 && !_file.Descriptor.IsClosed;

    /// <summary>Whether it has a position: a pipe or a terminal has none. And whether it is open.</summary>
    public override bool CanSeek => _canSeek && !_file.Descriptor.IsClosed;

    /// <summary>How many bytes it has now. Parks.</summary>
    /// <exception cref="NotSupportedException">It has no position.</exception>
    /// <exception cref="ObjectDisposedException">The file was disposed of.</exception>
    public override long Length
    {
        get
        {
            ThrowIfCannotSeek();
            long length = _file.Checked("lseek", _file.Seek(0, Interop.SEEK_END));
            // Who appends is at the end anyway; the others do not use the file's own position.
            return length;
        }
    }

    /// <summary>Where the next read or write begins; it may be behind the end. For one that is appended to, where the last write ended. Does not park.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    /// <exception cref="NotSupportedException">It has no position, or is set and the file is appended to.</exception>
    /// <exception cref="ObjectDisposedException">The file was disposed of.</exception>
    public override long Position
    {
        get
        {
            ThrowIfCannotSeek();
            return _position;
        }
        set => Seek(value, SeekOrigin.Begin);
    }

    /// <summary>Moves the position. Parks if it counts from the end.</summary>
    /// <param name="offset">How far from the origin.</param>
    /// <param name="origin">From where.</param>
    /// <returns>The new position.</returns>
    /// <exception cref="IOException">It would be negative.</exception>
    /// <exception cref="NotSupportedException">It has no position, or the file is appended to.</exception>
    /// <exception cref="ObjectDisposedException">The file was disposed of.</exception>
    public override long Seek(long offset, SeekOrigin origin)
    {
        ThrowIfCannotSeek();
        if (_appends)
            throw new NotSupportedException("A file that is appended to is written at its end only.");
        long position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => checked(_position + offset),
            SeekOrigin.End => checked(Length + offset),
            _ => throw new ArgumentOutOfRangeException(nameof(origin)),
        };
        if (position < 0 && origin == SeekOrigin.Begin)
            throw new ArgumentOutOfRangeException(nameof(offset), offset, "Not negative.");
        if (position < 0)
            throw new IOException("The position would be before the begin of the file.");
        return _position = position;
    }

    /// <summary>Makes it shorter, or longer with zeros, which take no room on the disk. A position behind the end goes to the end. Parks.</summary>
    /// <param name="value">The new length.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    /// <exception cref="NotSupportedException">It was not opened to be written.</exception>
    /// <exception cref="SystemCallException">The file system refuses.</exception>
    /// <exception cref="ObjectDisposedException">The file was disposed of.</exception>
    public override void SetLength(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ThrowIfCannotWrite();
        _file.SetLength(value);
        _position = Math.Min(_position, value);
    }

    /// <summary>Does nothing: nothing is held back here. See <see cref="FlushToDisk"/>. Does not park.</summary>
    public override void Flush()
    {
    }

    /// <summary>Waits until the disk has what was written, so that it is there after a power failure. A new file's name is: its directory needs the same. Parks.</summary>
    /// <param name="withTimes">Also what is not needed to read it, as the time of the change (fsync instead of fdatasync).</param>
    /// <exception cref="SystemCallException">The disk failed (EIO), or is full (ENOSPC); what was written may be lost, and to try again says nothing.</exception>
    /// <exception cref="ObjectDisposedException">The file was disposed of.</exception>
    public void FlushToDisk(bool withTimes = false)
    {
        ThrowIfClosed();
        _file.FlushToDisk(withTimes);
    }

    /// <summary>
    /// Closes it, after the calls that are under way. Parks: that may take long on some file systems. Any thread, any number of times.
    /// </summary>
    /// <param name="disposing">False in a finalizer.</param>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _file.Dispose();
        base.Dispose(disposing);
    }

    private void ThrowIfClosed() => ObjectDisposedException.ThrowIf(_file.Descriptor.IsClosed, this);

    private void ThrowIfCannotSeek()
    {
        ThrowIfClosed();
        if (!_canSeek)
            throw new NotSupportedException($"{Name} has no position.");
    }

    private void ThrowIfCannotRead()
    {
        ThrowIfClosed();
        if ((_access & FileAccess.Read) == 0)
            throw new NotSupportedException($"{Name} was not opened to be read.");
    }

    private void ThrowIfCannotWrite()
    {
        ThrowIfClosed();
        if ((_access & FileAccess.Write) == 0)
            throw new NotSupportedException($"{Name} was not opened to be written.");
    }
}
