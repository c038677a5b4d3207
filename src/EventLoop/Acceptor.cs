using System.Net;
using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>A connection that was accepted: its socket, and the peer's address if it is one of the internet's.</summary>
internal readonly record struct Accepted(SocketDescriptor Socket, IPEndPoint? RemoteEndPoint);

// What the listeners have in common: accept, with a limit of connections, and with patience when the system has nothing left to accept with.

/// <summary>Accepts connections at a listening socket, which it owns.</summary>
internal sealed partial class Acceptor : IDisposable
{
    private readonly string _name;
    private readonly Type _streamType;

    /// <param name="socket">It listens.</param>
    /// <param name="name">Its address, for messages.</param>
    /// <param name="streamType">The public type of the connections.</param>
    internal Acceptor(SocketDescriptor socket, string name, Type streamType)
    {
        Socket = socket;
        Limit = new ConnectionLimit(socket.Interest);
        _name = name;
        _streamType = streamType;
    }

    internal SocketDescriptor Socket { get; }

    internal ConnectionLimit Limit { get; }

    public void Dispose() => Socket.Dispose();

    /// <summary>Waits for a connection. Parks.</summary>
    /// <exception cref="TimeoutException">There was none in time.</exception>
    internal Accepted Accept(Deadline deadline)
    {
        EventLoopHost.Current.SpendBudget(); // Before: it may throw, and a connection would be lost.
        TimeSpan pause = TimeSpan.Zero;
        while (true)
        {
            int seen = Socket.Interest.EdgesOf(WaitDirection.Read);
            int nudges = Socket.Interest.EdgesOf(WaitDirection.Close);
            if (!TryEnter())
            {
                if (!Socket.Wait(WaitDirection.Close, nudges, deadline))
                    throw new TimeoutException($"All {Limit.Maximum} connections are open, and none ended in time.");
                continue;
            }
            if (TryAccept(out int errno) is { } accepted)
                return accepted;
            if (errno == Errno.EAGAIN)
            {
                if (!Socket.Wait(WaitDirection.Read, seen, deadline))
                    throw new TimeoutException("There was no connection in time.");
                pause = TimeSpan.Zero;
                continue;
            }
            pause = NextPause(pause, errno);
            Socket.Wait(WaitDirection.Close, nudges, Deadline.Earlier(deadline, Deadline.After(pause)));
            if (deadline.HasPassed)
                throw new TimeoutException("No connection could be accepted in time.", new SystemCallException("accept4", errno));
        }
    }

    /// <summary>The same without parking.</summary>
    internal async ValueTask<Accepted> AcceptAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TimeSpan pause = TimeSpan.Zero;
        while (true)
        {
            int seen = Socket.Interest.EdgesOf(WaitDirection.Read);
            int nudges = Socket.Interest.EdgesOf(WaitDirection.Close);
            if (!TryEnter())
            {
                await Socket.WaitAsync(WaitDirection.Close, nudges, cancellationToken).ConfigureAwait(false);
                continue;
            }
            if (TryAccept(out int errno) is { } accepted)
                return accepted;
            if (errno == Errno.EAGAIN)
            {
                await Socket.WaitAsync(WaitDirection.Read, seen, cancellationToken).ConfigureAwait(false);
                pause = TimeSpan.Zero;
                continue;
            }
            pause = NextPause(pause, errno);
            await Socket.WaitAsync(WaitDirection.Close, nudges, pause, cancellationToken).ConfigureAwait(false);
        }
    }

    private bool TryEnter()
    {
        Socket.ThrowIfClosed();
        if (Limit.TryEnter())
            return true;
        LogFull();
        return false;
    }

    /// <summary>One connection for a place that was taken, or null, without the place, with EAGAIN (none is there) or what the system lacks.</summary>
    private unsafe Accepted? TryAccept(out int errno)
    {
        bool isAccepted = false;
        try
        {
            byte* address = stackalloc byte[SocketAddressFormat.MaximumSize];
            while (true)
            {
                int size = SocketAddressFormat.MaximumSize;
                // SAFETY: the kernel writes at most size bytes of the address during the call.
                int descriptor = Interop.accept4(Socket, address, &size, Interop.SOCK_NONBLOCK | Interop.SOCK_CLOEXEC);
                if (descriptor >= 0)
                {
                    errno = 0;
                    isAccepted = true;
                    var socket = new SocketDescriptor(descriptor, _streamType) { CountedBy = Limit };
                    return new Accepted(socket, SocketAddressFormat.TryRead(address, size));
                }
                errno = Marshal.GetLastPInvokeError();
                if (errno == Errno.EAGAIN || IsLackOfResources(errno))
                    return null;
                if (errno != Errno.EINTR && !IsAboutTheNewConnection(errno))
                    throw new SystemCallException("accept4", errno);
            }
        }
        finally
        {
            if (!isAccepted)
                Limit.Leave();
        }
    }
}
