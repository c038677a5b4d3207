using System.Net;
using System.Runtime.InteropServices;

namespace GreenThreads;

public sealed partial class GreenUdpSocket
{
    /// <summary>Sends a datagram to the peer of a connected socket, without parking or blocking, from any thread.</summary>
    /// <param name="datagram">The whole datagram; not to be changed before the send has completed.</param>
    /// <param name="cancellationToken">Ends the wait; nothing has been sent then.</param>
    public ValueTask SendAsync(ReadOnlyMemory<byte> datagram, CancellationToken cancellationToken = default) =>
        SendCoreAsync(datagram, remote: null, cancellationToken);

    /// <summary>Sends a datagram without parking or blocking, from any thread.</summary>
    /// <param name="datagram">The whole datagram; not to be changed before the send has completed.</param>
    /// <param name="remote">Where to.</param>
    /// <param name="cancellationToken">Ends the wait; nothing has been sent then.</param>
    public ValueTask SendToAsync(ReadOnlyMemory<byte> datagram, IPEndPoint remote, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(remote);
        return SendCoreAsync(datagram, remote, cancellationToken);
    }

    /// <summary>Receives a datagram and says who sent it, without parking or blocking, from any thread.</summary>
    /// <param name="buffer">Where it goes; not to be touched before the receive has completed.</param>
    /// <param name="cancellationToken">Ends the wait; nothing has been received then.</param>
    public async ValueTask<(GreenDatagram Datagram, IPEndPoint Sender)> ReceiveFromAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            int seen = _socket.Interest.EdgesOf(WaitDirection.Read);
            if (TryReceive(buffer.Span, wantsSender: true, out GreenDatagram datagram, out IPEndPoint? sender))
                return (datagram, sender!);
            await _socket.WaitAsync(WaitDirection.Read, seen, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask SendCoreAsync(ReadOnlyMemory<byte> datagram, IPEndPoint? remote, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            int seen = _socket.Interest.EdgesOf(WaitDirection.Write);
            if (TrySend(datagram.Span, remote))
                return;
            await _socket.WaitAsync(WaitDirection.Write, seen, cancellationToken).ConfigureAwait(false);
        }
    }

    private void SendCore(ReadOnlySpan<byte> datagram, IPEndPoint? remote, Deadline deadline)
    {
        EventLoopHost.Current.SpendBudget();
        while (true)
        {
            int seen = _socket.Interest.EdgesOf(WaitDirection.Write);
            if (TrySend(datagram, remote))
                return;
            if (!_socket.Wait(WaitDirection.Write, seen, deadline))
                throw new TimeoutException("There was no room for the datagram in time.");
        }
    }

    private GreenDatagram ReceiveOrThrow(Span<byte> buffer, Deadline deadline, bool wantsSender, out IPEndPoint? sender) =>
        ReceiveCore(buffer, deadline, wantsSender, out GreenDatagram datagram, out sender)
            ? datagram
            : throw new TimeoutException("There was no datagram in time.");

    private bool ReceiveCore(Span<byte> buffer, Deadline deadline, bool wantsSender, out GreenDatagram datagram, out IPEndPoint? sender)
    {
        EventLoopHost.Current.SpendBudget(); // Before: it may throw, and a datagram would be lost.
        while (true)
        {
            int seen = _socket.Interest.EdgesOf(WaitDirection.Read);
            if (TryReceive(buffer, wantsSender, out datagram, out sender))
                return true;
            if (!_socket.Wait(WaitDirection.Read, seen, deadline))
                return false;
        }
    }

    /// <summary>One sendto; false for EAGAIN.</summary>
    private unsafe bool TrySend(ReadOnlySpan<byte> datagram, IPEndPoint? remote)
    {
        _socket.ThrowIfClosed();
        byte* address = stackalloc byte[SocketAddressFormat.MaximumSize];
        int size = remote is null ? 0 : SocketAddressFormat.Write(remote, new Span<byte>(address, SocketAddressFormat.MaximumSize));
        while (true)
        {
            nint sent;
            fixed (byte* start = datagram)
            {
                // SAFETY: the datagram is pinned, and the kernel reads size bytes of the address, during the call.
                sent = Interop.sendto(_socket, start, (nuint)datagram.Length, Interop.MSG_NOSIGNAL, remote is null ? null : address, size);
            }
            if (sent >= 0)
                return true;
            int errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.EAGAIN)
                return false;
            if (errno != Errno.EINTR)
                throw Failed("sendto", errno, remote, datagram.Length);
        }
    }

    /// <summary>One recvfrom; false for EAGAIN.</summary>
    private unsafe bool TryReceive(Span<byte> buffer, bool wantsSender, out GreenDatagram datagram, out IPEndPoint? sender)
    {
        _socket.ThrowIfClosed();
        byte* address = stackalloc byte[SocketAddressFormat.MaximumSize];
        while (true)
        {
            nint length;
            int size = SocketAddressFormat.MaximumSize;
            fixed (byte* start = buffer)
            {
                // SAFETY: the buffer is pinned, and the kernel writes at most size bytes of the address, during the call.
                length = Interop.recvfrom(_socket, start, (nuint)buffer.Length, Interop.MSG_TRUNC, wantsSender ? address : null, wantsSender ? &size : null);
            }
            if (length >= 0)
            {
                datagram = new GreenDatagram(Math.Min((int)length, buffer.Length), (int)length);
                sender = wantsSender ? SocketAddressFormat.TryRead(address, size) : null;
                return true;
            }
            int errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.EAGAIN)
            {
                (datagram, sender) = (default, null);
                return false;
            }
            if (errno != Errno.EINTR)
                throw Failed("recvfrom", errno, remote: null, length: 0);
        }
    }

    private SystemCallException Failed(string call, int errno, IPEndPoint? remote, int length) => new(call, errno, errno switch
    {
        Errno.ECONNREFUSED => $"nobody receives at {RemoteEndPoint}",
        Errno.EMSGSIZE => $"a datagram of {length} bytes is too long",
        _ => remote is null ? null : $"the peer is {remote}",
    });
}
