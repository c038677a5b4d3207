using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>A connection over a Unix socket as a stream: to a process of the same machine, which can be asked who it is and be handed descriptors.</summary>
public sealed partial class GreenUnixStream : GreenStream
{
    private readonly SocketDescriptor _socket;

    internal GreenUnixStream(SocketDescriptor socket)
        : base(socket)
    {
        _socket = socket;
    }

    /// <summary>The socket, for this assembly and its tests.</summary>
    internal new SocketDescriptor Descriptor => _socket;

    /// <summary>Who is at the other end; of a pair, who made it. Does not park.</summary>
    /// <exception cref="ObjectDisposedException">The stream was disposed of.</exception>
    public unsafe GreenPeerCredentials PeerCredentials
    {
        get
        {
            _socket.ThrowIfClosed();
            Interop.ucred credentials;
            int size = sizeof(Interop.ucred);
            // SAFETY: the kernel writes at most size bytes during the call.
            if (Interop.getsockopt_ucred(_socket, Interop.SOL_SOCKET, Interop.SO_PEERCRED, &credentials, &size) < 0)
                throw new SystemCallException("getsockopt", Marshal.GetLastPInvokeError());
            return new GreenPeerCredentials(credentials.pid, credentials.uid, credentials.gid);
        }
    }

    /// <summary>Two streams that are connected to each other, with no name. Does not park.</summary>
    /// <exception cref="SystemCallException">There is no descriptor left.</exception>
    public static unsafe (GreenUnixStream One, GreenUnixStream Other) CreatePair()
    {
        int* descriptors = stackalloc int[2];
        // SAFETY: the kernel writes two numbers during the call.
        if (Interop.socketpair(Interop.AF_UNIX, Interop.SOCK_STREAM | Interop.SOCK_NONBLOCK | Interop.SOCK_CLOEXEC, 0, descriptors) < 0)
            throw new SystemCallException("socketpair", Marshal.GetLastPInvokeError());
        var one = new SocketDescriptor(descriptors[0], typeof(GreenUnixStream));
        var other = new SocketDescriptor(descriptors[1], typeof(GreenUnixStream));
        return (new GreenUnixStream(one), new GreenUnixStream(other));
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
