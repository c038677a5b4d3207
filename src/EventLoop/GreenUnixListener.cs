using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>
/// Accepts connections at a Unix socket. An accept that has to wait parks the calling green thread; on a plain OS thread it blocks. Any number of threads may
/// accept at once.
/// </summary>
public sealed class GreenUnixListener : IDisposable
{
    private readonly Acceptor _acceptor;
    private SocketFile? _file;

    private GreenUnixListener(SocketDescriptor socket, string name, SocketFile? file)
    {
        Name = UnixAddressFormat.Shown(name);
        _file = file;
        _acceptor = new Acceptor(socket, Name, typeof(GreenUnixStream));
    }

    /// <summary>The path, or the abstract name with an <c>@</c> before it.</summary>
    public string Name { get; }

    /// <summary>
    /// How many accepted connections may be open at a time; no limit unless it is set. When they are, an accept waits until one of them is disposed of, and a
    /// warning says so, at most once a minute. Meanwhile connections wait in the kernel, as many as the backlog, and who connects beyond that waits as well. A
    /// lower value closes none that is open. Does not park.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Zero or negative.</exception>
    public int MaximumConnections
    {
        get => _acceptor.Limit.Maximum;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            _acceptor.Limit.Maximum = value;
        }
    }

    /// <summary>How many accepted connections have not been disposed of; an accept that is just looking for one counts too. It may have changed when the caller looks at it.</summary>
    public int OpenConnections => _acceptor.Limit.Open;

    /// <summary>The descriptor, for <see cref="Select.Readable(SafeHandle)"/> and for event loops of somebody else's. It stays non-blocking, and this object's to close.</summary>
    public SafeHandle Handle => _acceptor.Socket;

    /// <summary>The socket, for this assembly and its tests.</summary>
    internal SocketDescriptor Descriptor => _acceptor.Socket;

    /// <summary>
    /// Starts to listen. A path is made as a socket file, which others can connect to whom the umask and the folder allow it, and which Dispose deletes. An
    /// abstract name needs no file and nobody's permission, and is free again when the listener ends. Does not park.
    /// </summary>
    /// <param name="name">A path, or <c>@name</c> for a name in the abstract namespace; <c>./@file</c> is a path.</param>
    /// <param name="backlog">How many connections the kernel keeps until they are accepted; it takes at most net.core.somaxconn.</param>
    /// <param name="replaceDead">
    /// Whether a socket file at the path where nobody listens any more, because its server was killed, is deleted first. Two that start at the same moment may
    /// both find the file dead; the later one gets the name.
    /// </param>
    /// <exception cref="ArgumentException">The name is empty or too long.</exception>
    /// <exception cref="SystemCallException">The name is in use (EADDRINUSE), its folder is not there or not ours, or there is no descriptor left.</exception>
    public static GreenUnixListener Listen(string name, int backlog = 512, bool replaceDead = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(backlog);
        SocketDescriptor socket = SocketDescriptor.Create(Interop.AF_UNIX, typeof(GreenUnixListener));
        SocketFile? file = null;
        try
        {
            bool isPath = !UnixAddressFormat.IsAbstract(name);
            if (!TryBind(socket, name, out int errno) && !(errno == Errno.EADDRINUSE && isPath && replaceDead && TryReplaceDead(socket, name, out errno)))
                throw new SystemCallException("bind", errno, $"the name is {UnixAddressFormat.Shown(name)}{HintFor(errno, isPath)}");
            if (isPath)
                file = SocketFile.At(name);
            if (Interop.listen(socket, backlog) < 0)
                throw new SystemCallException("listen", Marshal.GetLastPInvokeError(), $"the name is {UnixAddressFormat.Shown(name)}");
            return new GreenUnixListener(socket, name, file);
        }
        catch
        {
            socket.Dispose();
            file?.DeleteIfOurs();
            file?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes the next connection. Parks until there is one. A lack of descriptors or memory does not end it: it tries again, at first after 5 ms,
    /// at last every second, and logs a warning at most once a minute.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The listener was disposed of, before or during the wait.</exception>
    /// <exception cref="SystemCallException">The socket is beyond repair.</exception>
    public GreenUnixStream Accept() => new(_acceptor.Accept(Deadline.Never).Socket);

    /// <summary>The same with a limit. Parks.</summary>
    /// <param name="timeout">How long to wait at most; zero only looks, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <exception cref="TimeoutException">There was none in time.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
    /// <exception cref="ObjectDisposedException">The listener was disposed of, before or during the wait.</exception>
    /// <exception cref="SystemCallException">The socket is beyond repair.</exception>
    public GreenUnixStream Accept(TimeSpan timeout) => new(_acceptor.Accept(Deadline.After(timeout)).Socket);

    /// <summary>The same without parking or blocking, from any thread.</summary>
    /// <param name="cancellationToken">Ends the wait; no connection is lost by that.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="ObjectDisposedException">The listener was disposed of, before or during the wait.</exception>
    /// <exception cref="SystemCallException">The socket is beyond repair.</exception>
    public async ValueTask<GreenUnixStream> AcceptAsync(CancellationToken cancellationToken = default) =>
        new((await _acceptor.AcceptAsync(cancellationToken).ConfigureAwait(false)).Socket);

    /// <summary>
    /// Stops to listen and deletes the socket file, unless another has taken its place; whoever waits in an accept gets an <see cref="ObjectDisposedException"/>.
    /// Connections that were accepted stay. Any thread, any number of times; does not park.
    /// </summary>
    public void Dispose()
    {
        // The file first: who finds it can connect.
        if (Interlocked.Exchange(ref _file, null) is { } file)
        {
            file.DeleteIfOurs();
            file.Dispose();
        }
        _acceptor.Dispose();
    }

    private static unsafe bool TryBind(SocketDescriptor socket, string name, out int errno)
    {
        byte* address = stackalloc byte[UnixAddressFormat.MaximumSize];
        int size = UnixAddressFormat.Write(name, new Span<byte>(address, UnixAddressFormat.MaximumSize));
        // SAFETY: the kernel reads size bytes during the call.
        errno = Interop.bind(socket, address, size) < 0 ? Marshal.GetLastPInvokeError() : 0;
        return errno == 0;
    }

    private static bool TryReplaceDead(SocketDescriptor socket, string path, out int errno)
    {
        errno = Errno.EADDRINUSE;
        using SocketFile? file = SocketFile.At(path);
        try
        {
            GreenUnixStream.Connect(path, TimeSpan.Zero).Dispose();
            return false;
        }
        catch (TimeoutException)
        {
            return false; // Its backlog is full, so it lives.
        }
        catch (SystemCallException e) when (e.Errno == Errno.ECONNREFUSED)
        {
            // Also told of a file that is no socket, which stays: SocketFile knows sockets only.
            file?.DeleteIfOurs();
        }
        catch (SystemCallException e) when (e.Errno == Errno.ENOENT)
        {
            // Gone meanwhile.
        }
        return TryBind(socket, path, out errno);
    }

    private static string HintFor(int errno, bool isPath) => errno != Errno.EADDRINUSE ? "" : isPath
        ? "; if no process listens there any more, delete the file or pass replaceDead"
        : "; another process has it";
}
