using System.Net;
using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>
/// A socket for UDP datagrams. A call that cannot complete at once parks the calling green thread; on a plain OS thread it blocks. Any number of threads may use
/// it at once; each datagram goes to one of them. A cancelled green thread learns of it before something is received, so no datagram is lost by that.
/// </summary>
public sealed partial class GreenUdpSocket : IDisposable
{
    private readonly SocketDescriptor _socket;

    private GreenUdpSocket(SocketDescriptor socket, IPEndPoint? remoteEndPoint)
    {
        _socket = socket;
        RemoteEndPoint = remoteEndPoint;
        LocalEndPoint = socket.GetLocalEndPoint();
    }

    /// <summary>The address of this side, with the port that the kernel chose. Also after Dispose.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>The one peer of a connected socket; null for one that was bound only.</summary>
    public IPEndPoint? RemoteEndPoint { get; }

    /// <summary>Whether datagrams may be sent to broadcast addresses. Off unless it is switched on. Does not park.</summary>
    /// <exception cref="ObjectDisposedException">The socket was disposed of.</exception>
    public bool CanBroadcast
    {
        get => _socket.GetOption(Interop.SOL_SOCKET, Interop.SO_BROADCAST) != 0;
        set => _socket.SetOption(Interop.SOL_SOCKET, Interop.SO_BROADCAST, value ? 1 : 0);
    }

    /// <summary>The descriptor, for <see cref="Select.Readable(SafeHandle)"/> and for event loops of somebody else's. It stays non-blocking, and this object's to close.</summary>
    public SafeHandle Handle => _socket;

    /// <summary>The socket, for this assembly and its tests.</summary>
    internal SocketDescriptor Descriptor => _socket;

    /// <summary>
    /// A socket that receives what anybody sends to an address of this machine, and sends from it. <see cref="IPAddress.IPv6Any"/> takes IPv4 datagrams too, whose
    /// senders are then mapped addresses. Does not park.
    /// </summary>
    /// <param name="local">The address, IPv4 or IPv6, and the port; port 0 lets the kernel choose.</param>
    /// <exception cref="SystemCallException">The address is in use or not ours, or there is no descriptor left.</exception>
    public static unsafe GreenUdpSocket Bind(IPEndPoint local)
    {
        ArgumentNullException.ThrowIfNull(local);
        return Create(local, socket =>
        {
            if (local.Address.Equals(IPAddress.IPv6Any))
                socket.SetOption(Interop.IPPROTO_IPV6, Interop.IPV6_V6ONLY, 0);
            byte* address = stackalloc byte[SocketAddressFormat.MaximumSize];
            int size = SocketAddressFormat.Write(local, new Span<byte>(address, SocketAddressFormat.MaximumSize));
            // SAFETY: the kernel reads size bytes during the call.
            if (Interop.bind(socket, address, size) < 0)
                throw new SystemCallException("bind", Marshal.GetLastPInvokeError(), $"the address is {local}");
            return new GreenUdpSocket(socket, remoteEndPoint: null);
        });
    }

    /// <summary>
    /// A socket for one peer: it sends to that one, and receives from that one only. Nothing is sent yet. When the peer's machine answers that nobody is there,
    /// the next operation fails with ECONNREFUSED. Does not park.
    /// </summary>
    /// <param name="remote">The peer's address, IPv4 or IPv6, and port.</param>
    /// <exception cref="SystemCallException">There is no way to that address, or no descriptor left.</exception>
    public static unsafe GreenUdpSocket Connect(IPEndPoint remote)
    {
        ArgumentNullException.ThrowIfNull(remote);
        return Create(remote, socket =>
        {
            byte* address = stackalloc byte[SocketAddressFormat.MaximumSize];
            int size = SocketAddressFormat.Write(remote, new Span<byte>(address, SocketAddressFormat.MaximumSize));
            // SAFETY: the kernel reads size bytes during the call.
            if (Interop.connect(socket, address, size) < 0)
                throw new SystemCallException("connect", Marshal.GetLastPInvokeError(), $"the peer is {remote}");
            return new GreenUdpSocket(socket, remote);
        });
    }

    /// <summary>Sends a datagram to the peer of a connected socket. Parks while the send buffer is full.</summary>
    /// <param name="datagram">The whole datagram; it may be empty.</param>
    /// <exception cref="SystemCallException">It is too long (EMSGSIZE), the socket is not connected (EDESTADDRREQ), or nobody was there (ECONNREFUSED).</exception>
    /// <exception cref="ObjectDisposedException">The socket was disposed of, before or meanwhile.</exception>
    public void Send(ReadOnlySpan<byte> datagram) => SendCore(datagram, remote: null, Deadline.Never);

    /// <inheritdoc cref="Send(ReadOnlySpan{byte})"/>
    /// <param name="datagram">The whole datagram; it may be empty.</param>
    /// <param name="timeout">How long to wait at most; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <exception cref="TimeoutException">There was no room in time; nothing was sent.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    public void Send(ReadOnlySpan<byte> datagram, TimeSpan timeout) => SendCore(datagram, remote: null, Deadline.After(timeout));

    /// <summary>Sends a datagram. Parks while the send buffer is full.</summary>
    /// <param name="datagram">The whole datagram; it may be empty.</param>
    /// <param name="remote">Where to; of the same family as the address that the socket is bound to.</param>
    /// <exception cref="SystemCallException">It is too long (EMSGSIZE), or there is no way to that address.</exception>
    /// <exception cref="ObjectDisposedException">The socket was disposed of, before or meanwhile.</exception>
    public void SendTo(ReadOnlySpan<byte> datagram, IPEndPoint remote)
    {
        ArgumentNullException.ThrowIfNull(remote);
        SendCore(datagram, remote, Deadline.Never);
    }

    /// <inheritdoc cref="SendTo(ReadOnlySpan{byte}, IPEndPoint)"/>
    /// <param name="datagram">The whole datagram; it may be empty.</param>
    /// <param name="remote">Where to.</param>
    /// <param name="timeout">How long to wait at most; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <exception cref="TimeoutException">There was no room in time; nothing was sent.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    public void SendTo(ReadOnlySpan<byte> datagram, IPEndPoint remote, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(remote);
        SendCore(datagram, remote, Deadline.After(timeout));
    }

    /// <summary>Receives a datagram. Parks until there is one.</summary>
    /// <param name="buffer">Where it goes; what does not fit is lost, and told.</param>
    /// <exception cref="SystemCallException">Connected, and nobody was there for what was sent before (ECONNREFUSED).</exception>
    /// <exception cref="ObjectDisposedException">The socket was disposed of, before or meanwhile.</exception>
    public GreenDatagram Receive(Span<byte> buffer) => ReceiveOrThrow(buffer, Deadline.Never, wantsSender: false, out _);

    /// <inheritdoc cref="Receive(Span{byte})"/>
    /// <param name="buffer">Where it goes; what does not fit is lost, and told.</param>
    /// <param name="timeout">How long to wait at most; zero only looks, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <exception cref="TimeoutException">There was none in time.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    public GreenDatagram Receive(Span<byte> buffer, TimeSpan timeout) => ReceiveOrThrow(buffer, Deadline.After(timeout), wantsSender: false, out _);

    /// <summary>Receives a datagram and says who sent it. Parks until there is one.</summary>
    /// <param name="buffer">Where it goes; what does not fit is lost, and told.</param>
    /// <param name="sender">Who sent it.</param>
    /// <exception cref="SystemCallException">Connected, and nobody was there for what was sent before (ECONNREFUSED).</exception>
    /// <exception cref="ObjectDisposedException">The socket was disposed of, before or meanwhile.</exception>
    public GreenDatagram ReceiveFrom(Span<byte> buffer, out IPEndPoint sender)
    {
        GreenDatagram datagram = ReceiveOrThrow(buffer, Deadline.Never, wantsSender: true, out IPEndPoint? from);
        sender = from!;
        return datagram;
    }

    /// <inheritdoc cref="ReceiveFrom(Span{byte}, out IPEndPoint)"/>
    /// <param name="buffer">Where it goes; what does not fit is lost, and told.</param>
    /// <param name="sender">Who sent it.</param>
    /// <param name="timeout">How long to wait at most; zero only looks, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <exception cref="TimeoutException">There was none in time.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    public GreenDatagram ReceiveFrom(Span<byte> buffer, out IPEndPoint sender, TimeSpan timeout)
    {
        GreenDatagram datagram = ReceiveOrThrow(buffer, Deadline.After(timeout), wantsSender: true, out IPEndPoint? from);
        sender = from!;
        return datagram;
    }

    /// <summary>Receives a datagram if one comes in time. Parks.</summary>
    /// <param name="buffer">Where it goes; what does not fit is lost, and told.</param>
    /// <param name="datagram">What came.</param>
    /// <param name="sender">Who sent it.</param>
    /// <param name="timeout">How long to wait at most; zero only looks, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <returns>False if there was none in time.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="SystemCallException">Connected, and nobody was there for what was sent before (ECONNREFUSED).</exception>
    /// <exception cref="ObjectDisposedException">The socket was disposed of, before or meanwhile.</exception>
    public bool TryReceiveFrom(Span<byte> buffer, out GreenDatagram datagram, out IPEndPoint? sender, TimeSpan timeout) =>
        ReceiveCore(buffer, Deadline.After(timeout), wantsSender: true, out datagram, out sender);

    /// <summary>Closes the socket; whoever waits in it gets an <see cref="ObjectDisposedException"/>. Any thread, any number of times; does not park.</summary>
    public void Dispose() => _socket.Dispose();

    private static GreenUdpSocket Create(IPEndPoint endPoint, Func<SocketDescriptor, GreenUdpSocket> finish)
    {
        SocketDescriptor socket = SocketDescriptor.Create(SocketAddressFormat.FamilyOf(endPoint), typeof(GreenUdpSocket), Interop.SOCK_DGRAM);
        try
        {
            return finish(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
