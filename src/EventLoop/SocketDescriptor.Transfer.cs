using System.Runtime.InteropServices;

namespace GreenThreads;

internal sealed partial class SocketDescriptor
{
    /// <summary>One recv; false for EAGAIN.</summary>
    private unsafe bool TryReceiveDirectly(Span<byte> buffer, out int count)
    {
        ThrowIfClosed();
        while (true)
        {
            nint received;
            fixed (byte* start = buffer)
            {
                // SAFETY: the buffer is pinned during the call.
                received = Interop.recv(this, start, (nuint)buffer.Length, 0);
            }
            if (received >= 0)
            {
                count = (int)received;
                return true;
            }
            int errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.EAGAIN)
            {
                count = 0;
                return false;
            }
            ThrowIfClosed(); // It may have failed by the dispose, which shuts it down.
            if (errno != Errno.EINTR)
                ThrowFailed("recv", errno);
        }
    }

    /// <summary>One send; false for EAGAIN.</summary>
    private protected override unsafe bool TrySend(ReadOnlySpan<byte> buffer, out int count)
    {
        ThrowIfClosed();
        while (true)
        {
            nint sent;
            fixed (byte* start = buffer)
            {
                // SAFETY: the buffer is pinned during the call.
                sent = Interop.send(this, start, (nuint)buffer.Length, Interop.MSG_NOSIGNAL);
            }
            if (sent >= 0)
            {
                count = (int)sent;
                return true;
            }
            int errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.EAGAIN)
            {
                count = 0;
                return false;
            }
            ThrowIfClosed(); // As above.
            if (errno != Errno.EINTR)
                ThrowFailed("send", errno);
        }
    }
}
