using System.Net.Sockets;

namespace GreenThreads;

// A stock Socket blocks in the kernel until its descriptor is non-blocking. Then it waits in managed code, for an event that the framework's own epoll thread
// sets, and such a wait parks (GreenSynchronizationContext.Wait). The descriptor becomes non-blocking with the first asynchronous operation, or when Blocking
// is set to false, and never turns back: with Blocking set to true again the socket is as before to its user, and only waits in the other way.
//
// That it does not turn back is the framework's way, not its promise, so the first adoption looks, once, at a socket of its own. Not at the adopted one: to
// ask a Socket for its handle takes from it the ability to connect to a name with several addresses.
//
// Rejected: an operation that is asynchronous and empty, which not every socket is in the state for.
public partial class GreenThread
{
    private static readonly Lazy<bool> s_adoptedSocketsPark = new(FindOut);

    /// <summary>
    /// Makes the synchronous calls of a stock socket park green threads that wait in them: <see cref="Socket.Receive(byte[])"/>, <c>Send</c>, <c>Accept</c>,
    /// <c>Connect</c>, <c>SendFile</c> and what builds on them, such as <see cref="NetworkStream"/>, with timeouts and <c>Close</c> working as before; not
    /// <c>Poll</c> and <c>Select</c>. Without it they block the OS thread, until the socket has been used asynchronously. For a <see cref="TcpClient"/> adopt its
    /// <see cref="TcpClient.Client"/>, for a <see cref="TcpListener"/> its <see cref="TcpListener.Server"/>, and each socket that it accepts. A socket that
    /// has tried several addresses of a name to connect must be adopted again. From any thread, but not while another one waits for the socket; does not park.
    /// Nothing changes for plain OS threads, in bound mode, and for a socket in non-blocking mode, which never waits.
    /// </summary>
    /// <param name="socket">Any kind, connected or not, a listener too.</param>
    /// <returns>The same socket.</returns>
    /// <exception cref="ArgumentNullException">There is no socket.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    /// <exception cref="PlatformNotSupportedException">This version of the framework does it in another way; the socket is as it was.</exception>
    public static Socket Adopt(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        if (GreenRuntime.Mode == GreenRuntimeMode.Bound || !socket.Blocking)
            return socket;
        if (!s_adoptedSocketsPark.Value)
            throw new PlatformNotSupportedException("sockets of this version of .NET block in the kernel once they are set to blocking mode: use GreenTcpStream");
        SetToWaitInManagedCode(socket);
        return socket;
    }

    private static void SetToWaitInManagedCode(Socket socket)
    {
        socket.Blocking = false;
        socket.Blocking = true;
    }

    private static bool FindOut()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        SetToWaitInManagedCode(socket);
        return (Interop.fcntl(socket.SafeHandle, Interop.F_GETFL) & Interop.O_NONBLOCK) != 0;
    }
}
