using System.Net;
using System.Net.Sockets;

namespace GreenThreads;

/// <summary>A TCP connection as a stream.</summary>
public sealed partial class GreenTcpStream : GreenStream
{
    private readonly SocketDescriptor _socket;

    internal GreenTcpStream(SocketDescriptor socket, IPEndPoint remoteEndPoint)
        : base(socket)
    {
        _socket = socket;
        RemoteEndPoint = remoteEndPoint;
    }

    /// <summary>The socket, for this assembly and its tests.</summary>
    internal new SocketDescriptor Descriptor => _socket;

    /// <summary>The address of this side. Does not park.</summary>
    /// <exception cref="ObjectDisposedException">The stream was disposed of.</exception>
    public IPEndPoint LocalEndPoint => _socket.GetLocalEndPoint();

    /// <summary>The address of the peer, also after the connection has ended. Does not park.</summary>
    public IPEndPoint RemoteEndPoint { get; }

    /// <summary>
    /// Whether each write is sent at once instead of being held back to be joined with the next (TCP_NODELAY). On unless it is switched off: who
    /// writes small pieces wants a <see cref="BufferedStream"/>, not a delay of 40 ms. (Go does the same; <see cref="Socket"/> does not.) Does not park.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The stream was disposed of.</exception>
    /// <exception cref="SystemCallException">The kernel refused.</exception>
    public bool NoDelay
    {
        get => _socket.GetOption(Interop.IPPROTO_TCP, Interop.TCP_NODELAY) != 0;
        set => _socket.SetOption(Interop.IPPROTO_TCP, Interop.TCP_NODELAY, value ? 1 : 0);
    }

    /// <summary>
    /// Keep-alive probes, which find a peer that has gone without a word, as when its machine was switched off: a read that waits then fails with ETIMEDOUT, or with
    /// ECONNRESET if the machine is back and knows nothing of the connection. Null (the default) for none. Does not park.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The stream was disposed of.</exception>
    /// <exception cref="SystemCallException">The kernel refused.</exception>
    public GreenKeepAlive? KeepAlive
    {
        get => GreenKeepAlive.Of(_socket);
        set => GreenKeepAlive.Apply(value, _socket);
    }

    /// <summary>
    /// How long what was sent may stay without the peer's acknowledgement before the connection fails with ETIMEDOUT (TCP_USER_TIMEOUT): for peers that have gone
    /// while something is on its way to them, when there are no probes. Zero (the default) for the system's, some 15 minutes. In whole milliseconds. Does not park.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or more than <see cref="int.MaxValue"/> milliseconds.</exception>
    /// <exception cref="ObjectDisposedException">The stream was disposed of.</exception>
    public TimeSpan AcknowledgementTimeout
    {
        get => TimeSpan.FromMilliseconds(_socket.GetOption(Interop.IPPROTO_TCP, Interop.TCP_USER_TIMEOUT));
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            double milliseconds = Math.Ceiling(value.TotalMilliseconds);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(milliseconds, int.MaxValue, nameof(value));
            _socket.SetOption(Interop.IPPROTO_TCP, Interop.TCP_USER_TIMEOUT, (int)milliseconds);
        }
    }

    /// <summary>
    /// Ends one or both directions. The peer reads the end of the stream after what was sent; a read of ours that waits returns 0, a write fails
    /// with EPIPE. Does not park.
    /// </summary>
    /// <param name="how">Which direction.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not one of the three values.</exception>
    /// <exception cref="SystemCallException">The connection has ended already (ENOTCONN).</exception>
    /// <exception cref="ObjectDisposedException">The stream was disposed of.</exception>
    public void Shutdown(SocketShutdown how) => _socket.Shutdown(how);
}
