using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>A pipe of the system: what is written at one end is read at the other, in this process or another. Both ends are streams.</summary>
public sealed class GreenPipe : IDisposable
{
    /// <summary>The most that a packet has, in bytes; also the most that a write keeps together when others write to the same pipe (PIPE_BUF).</summary>
    public const int MaximumPacketLength = PipeDescriptor.AtomicLength;

    // Guesses, as for a Unix socket's connect.
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMilliseconds(50);

    private GreenPipe(GreenPipeStream reader, GreenPipeStream writer)
    {
        Reader = reader;
        Writer = writer;
    }

    /// <summary>The end to read from.</summary>
    public GreenPipeStream Reader { get; }

    /// <summary>The end to write to.</summary>
    public GreenPipeStream Writer { get; }

    /// <summary>Makes a pipe without a name. Does not park.</summary>
    /// <param name="packets">Whether each write is to be a packet, which a read takes as a whole (O_DIRECT): see <see cref="GreenPipeStream.IsPacketMode"/>.</param>
    /// <exception cref="SystemCallException">There is no descriptor left, or the user has too many pipes.</exception>
    public static unsafe GreenPipe Create(bool packets = false)
    {
        int* descriptors = stackalloc int[2];
        // SAFETY: the kernel writes two numbers during the call.
        if (Interop.pipe2(descriptors, Interop.O_NONBLOCK | Interop.O_CLOEXEC | (packets ? Interop.O_DIRECT : 0)) < 0)
            throw new SystemCallException("pipe2", Marshal.GetLastPInvokeError());
        var reader = new PipeDescriptor(descriptors[0], canRead: true, packets, isFifo: false);
        var writer = new PipeDescriptor(descriptors[1], canRead: false, packets, isFifo: false);
        return new GreenPipe(new GreenPipeStream(reader), new GreenPipeStream(writer));
    }

    /// <summary>Makes a pipe with a name in the file system (mkfifo); it stays until somebody deletes the file. Does not park.</summary>
    /// <param name="path">Where; there must be no file yet.</param>
    /// <param name="mode">Who may read and write, less what the umask takes away.</param>
    /// <exception cref="SystemCallException">There is a file (EEXIST), or its folder is not there or not ours.</exception>
    public static void CreateFifo(string path, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Interop.mkfifo(path, (uint)mode) < 0)
            throw new SystemCallException("mkfifo", Marshal.GetLastPInvokeError(), $"the path is {path}");
    }

    /// <summary>
    /// Opens a named pipe for reading. Does not wait for a writer: the first read does. When all writers have gone, a read returns 0; after that the stream waits
    /// again once another has come. Does not park.
    /// </summary>
    /// <param name="path">An existing named pipe.</param>
    /// <exception cref="SystemCallException">There is none, it is not allowed, or there is no descriptor left.</exception>
    /// <exception cref="InvalidDataException">The file is no pipe.</exception>
    public static GreenPipeStream OpenReader(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        int descriptor = Open(path, Interop.O_RDONLY, out int errno);
        return descriptor < 0 ? throw Failed(path, errno) : StreamOf(path, descriptor, canRead: true);
    }

    /// <summary>Opens a named pipe for writing. Parks until there is a reader: it tries again, at first after 1 ms, at last every 50 ms.</summary>
    /// <param name="path">An existing named pipe.</param>
    /// <exception cref="SystemCallException">There is none, it is not allowed, or there is no descriptor left.</exception>
    /// <exception cref="InvalidDataException">The file is no pipe.</exception>
    public static GreenPipeStream OpenWriter(string path) => OpenWriter(path, Timeout.InfiniteTimeSpan);

    /// <inheritdoc cref="OpenWriter(string)"/>
    /// <param name="path">An existing named pipe.</param>
    /// <param name="timeout">How long to wait for a reader at most; zero only looks, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <exception cref="TimeoutException">Nobody opened it for reading in time.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    public static GreenPipeStream OpenWriter(string path, TimeSpan timeout)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Deadline deadline = Deadline.After(timeout);
        EventLoopHost.Current.SpendBudget();
        Interest? pause = null;
        TimeSpan duration = s_firstPause;
        while (true)
        {
            int descriptor = Open(path, Interop.O_WRONLY, out int errno);
            if (descriptor >= 0)
                return StreamOf(path, descriptor, canRead: false);
            if (errno != Errno.ENXIO)
                throw Failed(path, errno);
            if (deadline.HasPassed)
                throw new TimeoutException($"Nobody has opened {path} for reading.");
            // Nobody knows the interest, which has no descriptor: this waits for the time only.
            pause ??= new Interest(descriptor: -1, isShared: true);
            pause.Wait(WaitDirection.Close, seen: 0, Waiter.Current, Deadline.Earlier(deadline, Deadline.After(duration)));
            duration = duration * 2 < s_longestPause ? duration * 2 : s_longestPause;
        }
    }

    /// <summary>Closes both ends; whoever waits at one gets an <see cref="ObjectDisposedException"/>. Any thread, any number of times; does not park.</summary>
    public void Dispose()
    {
        Reader.Dispose();
        Writer.Dispose();
    }

    private static int Open(string path, int access, out int errno)
    {
        while (true)
        {
            int descriptor = Interop.open_existing(path, access | Interop.O_NONBLOCK | Interop.O_CLOEXEC);
            errno = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (errno != Errno.EINTR)
                return descriptor;
        }
    }

    private static GreenPipeStream StreamOf(string path, int descriptor, bool canRead)
    {
        var pipe = new PipeDescriptor(descriptor, canRead, isPacketMode: false, isFifo: true);
        if (Interop.fcntl(pipe, Interop.F_GETPIPE_SZ, 0) >= 0)
            return new GreenPipeStream(pipe);
        pipe.Dispose();
        throw new InvalidDataException($"{path} is no pipe.");
    }

    private static SystemCallException Failed(string path, int errno) =>
        new("open", errno, errno is Errno.EMFILE or Errno.ENFILE ? null : $"the path is {path}"); // Those have an advice of their own.
}
