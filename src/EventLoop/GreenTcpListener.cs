using System.Net;
using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>
/// Accepts TCP connections. An accept that has to wait parks the calling green thread; on a plain OS thread it blocks. Any number of threads may
/// accept at once.
/// </summary>
public sealed class GreenTcpListener : IDisposable
{
    private readonly Acceptor _acceptor;

    private GreenTcpListener(SocketDescriptor socket)
    {
        LocalEndPoint = socket.GetLocalEndPoint();
        _acceptor = new Acceptor(socket, LocalEndPoint.ToString(), typeof(GreenTcpStream));
    }

    /// <summary>The descriptor, for <see cref="Select.Readable(SafeHandle)"/> and for event loops of somebody else's. It stays non-blocking, and this object's to close.</summary>
    public SafeHandle Handle => _acceptor.Socket;

    /// <summary>The socket, for this assembly and its tests.</summary>
    internal SocketDescriptor Descriptor => _acceptor.Socket;

    /// <summary>The address it listens on, with the port that the kernel chose if 0 was asked for. Also after Dispose.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>
    /// How many accepted connections may be open at a time; no limit unless it is set. When they are, an accept waits until one of them is disposed of, and a
    /// warning says so, at most once a minute. Meanwhile connections wait in the kernel, as many as the backlog, and further ones are not answered. A lower value
    /// closes none that is open. Does not park.
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

    /// <summary>
    /// Keep-alive probes for the connections that are accepted from now on, which find peers that have gone without a word; null (the default) for none. See
    /// <see cref="GreenTcpStream.KeepAlive"/>. Does not park.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The listener was disposed of.</exception>
    /// <exception cref="SystemCallException">The kernel refused.</exception>
    public GreenKeepAlive? KeepAlive
    {
        // Linux hands the options on to the accepted sockets: no calls for each of them.
        get => GreenKeepAlive.Of(_acceptor.Socket);
        set => GreenKeepAlive.Apply(value, _acceptor.Socket);
    }

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
    public GreenTcpStream Accept() => StreamOf(_acceptor.Accept(Deadline.Never));

    /// <summary>The same with a limit. Parks.</summary>
    /// <param name="timeout">How long to wait at most; zero only looks, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <exception cref="TimeoutException">There was none in time.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
    /// <exception cref="ObjectDisposedException">The listener was disposed of, before or during the wait.</exception>
    /// <exception cref="SystemCallException">The socket is beyond repair.</exception>
    public GreenTcpStream Accept(TimeSpan timeout) => StreamOf(_acceptor.Accept(Deadline.After(timeout)));

    /// <summary>The same without parking or blocking, from any thread.</summary>
    /// <param name="cancellationToken">Ends the wait; no connection is lost by that.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="ObjectDisposedException">The listener was disposed of, before or during the wait.</exception>
    /// <exception cref="SystemCallException">The socket is beyond repair.</exception>
    public async ValueTask<GreenTcpStream> AcceptAsync(CancellationToken cancellationToken = default) =>
        StreamOf(await _acceptor.AcceptAsync(cancellationToken).ConfigureAwait(false));

    /// <summary>
    /// Stops to listen; whoever waits in an accept gets an <see cref="ObjectDisposedException"/>. Connections that were accepted stay. Any thread,
    /// any number of times; does not park.
    /// </summary>
    public void Dispose() => _acceptor.Dispose();

    private static GreenTcpStream StreamOf(Accepted accepted) => new(accepted.Socket, accepted.RemoteEndPoint!);
}
