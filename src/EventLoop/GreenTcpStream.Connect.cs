using System.Net;
using System.Runtime.InteropServices;

namespace GreenThreads;

// A connect is tried again after each edge, as a read is: connect(2) itself says whether it is still in progress (EALREADY), has succeeded, or
// why it failed. Rejected: SO_ERROR, which is also 0 while the connect is still in progress, so that a wait that ends early would look like success.
public sealed partial class GreenTcpStream
{
    /// <summary>Connects to a listener. Parks until the connection stands.</summary>
    /// <param name="remote">The address, IPv4 or IPv6, and the port.</param>
    /// <exception cref="SystemCallException">The connection failed, for example with ECONNREFUSED, or there is no descriptor left.</exception>
    public static GreenTcpStream Connect(IPEndPoint remote) => ConnectCore(remote, Deadline.Never);

    /// <summary>The same with a limit. Parks.</summary>
    /// <param name="remote">The address, IPv4 or IPv6, and the port.</param>
    /// <param name="timeout">How long to wait at most; <see cref="Timeout.InfiniteTimeSpan"/> as long as the kernel tries.</param>
    /// <exception cref="TimeoutException">The connection did not stand in time; it has been given up.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
    /// <exception cref="SystemCallException">The connection failed, for example with ECONNREFUSED, or there is no descriptor left.</exception>
    public static GreenTcpStream Connect(IPEndPoint remote, TimeSpan timeout) => ConnectCore(remote, Deadline.After(timeout));

    /// <summary>Connects without parking or blocking.</summary>
    /// <param name="remote">The address, IPv4 or IPv6, and the port.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="SystemCallException">The connection failed, for example with ECONNREFUSED, or there is no descriptor left.</exception>
    public static async ValueTask<GreenTcpStream> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(remote);
        cancellationToken.ThrowIfCancellationRequested();
        SocketDescriptor socket = CreateSocket(remote);
        try
        {
            while (true)
            {
                int seen = socket.Interest.EdgesOf(WaitDirection.Write);
                if (TryConnect(socket, remote))
                    return new GreenTcpStream(socket, remote);
                await socket.WaitAsync(WaitDirection.Write, seen, cancellationToken).ConfigureAwait(false);
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static GreenTcpStream ConnectCore(IPEndPoint remote, Deadline deadline)
    {
        ArgumentNullException.ThrowIfNull(remote);
        SocketDescriptor socket = CreateSocket(remote);
        try
        {
            while (true)
            {
                int seen = socket.Interest.EdgesOf(WaitDirection.Write);
                if (TryConnect(socket, remote))
                    return new GreenTcpStream(socket, remote);
                if (!socket.Wait(WaitDirection.Write, seen, deadline))
                    throw new TimeoutException($"The connection to {remote} did not stand in time.");
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SocketDescriptor CreateSocket(IPEndPoint remote)
    {
        SocketDescriptor socket = SocketDescriptor.Create(SocketAddressFormat.FamilyOf(remote), typeof(GreenTcpStream));
        socket.SetOption(Interop.IPPROTO_TCP, Interop.TCP_NODELAY, 1);
        return socket;
    }

    /// <summary>One connect; false while it is in progress.</summary>
    private static unsafe bool TryConnect(SocketDescriptor socket, IPEndPoint remote)
    {
        byte* address = stackalloc byte[SocketAddressFormat.MaximumSize];
        int size = SocketAddressFormat.Write(remote, new Span<byte>(address, SocketAddressFormat.MaximumSize));
        // SAFETY: the kernel reads size bytes during the call.
        if (Interop.connect(socket, address, size) == 0)
            return true;
        int errno = Marshal.GetLastPInvokeError();
        return errno switch
        {
            Errno.EISCONN => true,
            Errno.EINPROGRESS or Errno.EALREADY or Errno.EINTR => false, // After EINTR it goes on in the background: connect(2).
            _ => throw new SystemCallException("connect", errno, $"the peer is {remote}"),
        };
    }
}
