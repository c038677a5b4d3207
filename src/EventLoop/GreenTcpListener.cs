using System.Net;
using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>
/// Accepts TCP connections. An accept that has to wait parks the calling green thread; on a plain OS thread it blocks. Any number of threads may
/// accept at once.
/// </summary>
public sealed partial class GreenTcpListener : IDisposable
{
    private readonly SocketDescriptor _socket;

    private GreenTcpListener(SocketDescriptor socket)
    {
        _socket = socket;
        LocalEndPoint = socket.GetLocalEndPoint();
    }

    /// <summary>The socket, for this assembly and its tests.</summary>
    internal SocketDescriptor Descriptor => _socket;

    /// <summary>The address it listens on, with the port that the kernel chose if 0 was asked for. Also after Dispose.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>
    /// Starts to listen. The address may be reused at once after a restart (SO_REUSEADDR); <see cref="IPAddress.IPv6Any"/> takes IPv4 connections
    /// too, whose addresses are then mapped ones. Does not park.
    /// </summary>
    /// <param name="local">The address, IPv4 or IPv6, and the port; port 0 lets the kernel choose.</param>
    /// <param name="backlog">How many connections the kernel keeps until they are accepted; it takes at most net.core.somaxconn.</param>
    /// <exception cref="SystemCallException">The address is in use or not ours, or there is no descriptor left.</exception>
    public static unsafe GreenTcpListener Listen(IPEndPoint local, int backlog = 512)
    {
        ArgumentNullException.ThrowIfNull(local);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(backlog);
        SocketDescriptor socket = SocketDescriptor.Create(SocketAddressFormat.FamilyOf(local), typeof(GreenTcpListener));
        try
        {
            socket.SetOption(Interop.SOL_SOCKET, Interop.SO_REUSEADDR, 1);
            // Linux hands it on to the accepted sockets: no call for each of them.
            socket.SetOption(Interop.IPPROTO_TCP, Interop.TCP_NODELAY, 1);
            if (local.Address.Equals(IPAddress.IPv6Any))
                socket.SetOption(Interop.IPPROTO_IPV6, Interop.IPV6_V6ONLY, 0);
            byte* address = stackalloc byte[SocketAddressFormat.MaximumSize];
            int size = SocketAddressFormat.Write(local, new Span<byte>(address, SocketAddressFormat.MaximumSize));
            // SAFETY: the kernel reads size bytes during the call.
            if (Interop.bind(socket, address, size) < 0)
                throw new SystemCallException("bind", Marshal.GetLastPInvokeError(), $"the address is {local}");
            if (Interop.listen(socket, backlog) < 0)
                throw new SystemCallException("listen", Marshal.GetLastPInvokeError(), $"the address is {local}");
            return new GreenTcpListener(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes the next connection. Parks until there is one. A lack of descriptors or memory does not end it: it tries again, at first after 5 ms,
    /// at last every second, and logs a warning at most once a minute.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The listener was disposed of, before or during the wait.</exception>
    /// <exception cref="SystemCallException">The socket is beyond repair.</exception>
    public GreenTcpStream Accept() => AcceptCore(Deadline.Never);

    /// <summary>The same with a limit. Parks.</summary>
    /// <param name="timeout">How long to wait at most; zero only looks, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <exception cref="TimeoutException">There was none in time.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
    /// <exception cref="ObjectDisposedException">The listener was disposed of, before or during the wait.</exception>
    /// <exception cref="SystemCallException">The socket is beyond repair.</exception>
    public GreenTcpStream Accept(TimeSpan timeout) => AcceptCore(Deadline.After(timeout));

    /// <summary>The same without parking or blocking, from any thread.</summary>
    /// <param name="cancellationToken">Ends the wait; no connection is lost by that.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="ObjectDisposedException">The listener was disposed of, before or during the wait.</exception>
    /// <exception cref="SystemCallException">The socket is beyond repair.</exception>
    public async ValueTask<GreenTcpStream> AcceptAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TimeSpan pause = TimeSpan.Zero;
        while (true)
        {
            int seen = _socket.Interest.EdgesOf(WaitDirection.Read);
            if (TryAccept(out int errno) is { } stream)
                return stream;
            if (errno == Errno.EAGAIN)
            {
                await _socket.WaitAsync(WaitDirection.Read, seen, cancellationToken).ConfigureAwait(false);
                pause = TimeSpan.Zero;
                continue;
            }
            pause = NextPause(pause, errno);
            await PauseAsync(pause, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Stops to listen; whoever waits in an accept gets an <see cref="ObjectDisposedException"/>. Connections that were accepted stay. Any thread,
    /// any number of times; does not park.
    /// </summary>
    public void Dispose() => _socket.Dispose();

    private GreenTcpStream AcceptCore(Deadline deadline)
    {
        TimeSpan pause = TimeSpan.Zero;
        while (true)
        {
            int seen = _socket.Interest.EdgesOf(WaitDirection.Read);
            if (TryAccept(out int errno) is { } stream)
            {
                try
                {
                    EventLoopHost.Current.SpendBudget();
                    return stream;
                }
                catch
                {
                    stream.Dispose(); // Cancelled: nobody else knows of it.
                    throw;
                }
            }
            if (errno == Errno.EAGAIN)
            {
                if (!_socket.Wait(WaitDirection.Read, seen, deadline))
                    throw new TimeoutException("There was no connection in time.");
                pause = TimeSpan.Zero;
                continue;
            }
            pause = NextPause(pause, errno);
            _socket.Wait(WaitDirection.Close, seen: 0, Deadline.Earlier(deadline, Deadline.After(pause)));
            if (deadline.HasPassed)
                throw new TimeoutException("No connection could be accepted in time.", new SystemCallException("accept4", errno));
        }
    }

    /// <summary>One connection, or null with EAGAIN (none is there) or what the system lacks.</summary>
    private unsafe GreenTcpStream? TryAccept(out int errno)
    {
        _socket.ThrowIfClosed();
        byte* address = stackalloc byte[SocketAddressFormat.MaximumSize];
        while (true)
        {
            int size = SocketAddressFormat.MaximumSize;
            // SAFETY: the kernel writes at most size bytes of the address during the call.
            int descriptor = Interop.accept4(_socket, address, &size, Interop.SOCK_NONBLOCK | Interop.SOCK_CLOEXEC);
            if (descriptor >= 0)
            {
                errno = 0;
                var socket = new SocketDescriptor(descriptor, typeof(GreenTcpStream));
                return new GreenTcpStream(socket, SocketAddressFormat.Read(new ReadOnlySpan<byte>(address, size)));
            }
            errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.EAGAIN || IsLackOfResources(errno))
                return null;
            if (errno != Errno.EINTR && !IsAboutTheNewConnection(errno))
                throw new SystemCallException("accept4", errno);
        }
    }
}
