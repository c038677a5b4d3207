using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GreenThreads;

// A descriptor travels beside bytes of the stream, at least one (unix(7), SCM_RIGHTS). The room for control messages is for exactly one: the kernel closes what it
// has no room for, so a peer that sends many cannot use up our descriptors. It also closes those whose bytes are read with a plain read.
public sealed partial class GreenUnixStream
{
    /// <summary>
    /// Hands a descriptor to the peer, which gets one of its own for the same open file, socket or pipe. It goes with one byte of the stream, a zero. Parks while
    /// the peer's buffer is full.
    /// </summary>
    /// <param name="handle">What to hand over; it stays open here too.</param>
    /// <exception cref="ObjectDisposedException">The stream or the handle was disposed of.</exception>
    /// <exception cref="SystemCallException">The connection failed, for example with EPIPE.</exception>
    /// <exception cref="IOException">The <see cref="GreenStream.WriteTimeout"/> has passed; nothing was sent.</exception>
    public void SendDescriptor(SafeHandle handle) => SendDescriptor(handle, [0]);

    /// <summary>The same with bytes that say what it is. Parks.</summary>
    /// <param name="handle">What to hand over; it stays open here too.</param>
    /// <param name="message">At least one byte; the descriptor goes with the first.</param>
    /// <exception cref="ArgumentException">The message is empty.</exception>
    /// <exception cref="ObjectDisposedException">The stream or the handle was disposed of.</exception>
    /// <exception cref="SystemCallException">The connection failed, for example with EPIPE.</exception>
    /// <exception cref="IOException">The <see cref="GreenStream.WriteTimeout"/> has passed; an unknown part was sent.</exception>
    public void SendDescriptor(SafeHandle handle, ReadOnlySpan<byte> message)
    {
        ArgumentNullException.ThrowIfNull(handle);
        if (message.IsEmpty)
            throw new ArgumentException("A descriptor goes with at least one byte.", nameof(message));
        bool isHeld = false;
        try
        {
            handle.DangerousAddRef(ref isHeld);
            EventLoopHost.Current.SpendBudget();
            int sent;
            Deadline? deadline = null;
            while (true)
            {
                int seen = _socket.Interest.EdgesOf(WaitDirection.Write);
                if (TrySend((int)handle.DangerousGetHandle(), message, out sent))
                    break;
                deadline ??= Deadline.AfterMilliseconds(WriteTimeout);
                if (!_socket.Wait(WaitDirection.Write, seen, deadline.Value))
                    StreamDescriptor.ThrowTimedOut("write", WriteTimeout);
            }
            if (sent < message.Length)
                Write(message[sent..]);
        }
        finally
        {
            if (isHeld)
                handle.DangerousRelease();
        }
    }

    /// <summary>Receives a descriptor and the byte that it goes with. Parks until they come.</summary>
    /// <returns>The descriptor, close-on-exec; the caller disposes of it.</returns>
    /// <exception cref="EndOfStreamException">The peer has shut down its side.</exception>
    /// <exception cref="InvalidDataException">A byte came that goes with no descriptor; it has been read.</exception>
    /// <exception cref="SystemCallException">The connection failed, or there is no descriptor left here (EMFILE); the one that was sent is lost then.</exception>
    /// <exception cref="IOException">The <see cref="GreenStream.ReadTimeout"/> has passed.</exception>
    /// <exception cref="ObjectDisposedException">The stream was disposed of, before or meanwhile.</exception>
    public SafeFileHandle ReceiveDescriptor()
    {
        byte message = 0;
        int count = ReceiveDescriptor(new Span<byte>(ref message), out SafeFileHandle? handle);
        if (count == 0)
            throw new EndOfStreamException();
        return handle ?? throw new InvalidDataException("The byte that came goes with no descriptor.");
    }

    /// <summary>Reads what there is, and the descriptor that goes with it, if there is one. Parks while there is nothing.</summary>
    /// <param name="message">Where the bytes go; not empty. At most those of one send that had a descriptor are read.</param>
    /// <param name="handle">The descriptor, close-on-exec, which the caller disposes of; null if none came with these bytes. Of several, the first.</param>
    /// <returns>The number of bytes; 0 when the peer has shut down its side.</returns>
    /// <exception cref="ArgumentException">The buffer is empty.</exception>
    /// <exception cref="SystemCallException">The connection failed, or there is no descriptor left here (EMFILE); the one that was sent is lost then.</exception>
    /// <exception cref="IOException">The <see cref="GreenStream.ReadTimeout"/> has passed.</exception>
    /// <exception cref="ObjectDisposedException">The stream was disposed of, before or meanwhile.</exception>
    public int ReceiveDescriptor(Span<byte> message, out SafeFileHandle? handle)
    {
        if (message.IsEmpty)
            throw new ArgumentException("A descriptor goes with at least one byte.", nameof(message));
        EventLoopHost.Current.SpendBudget(); // Before: it may throw, and a descriptor would be lost.
        Deadline? deadline = null;
        while (true)
        {
            int seen = _socket.Interest.EdgesOf(WaitDirection.Read);
            if (TryReceive(message, out int count, out handle))
                return count;
            deadline ??= Deadline.AfterMilliseconds(ReadTimeout);
            if (!_socket.Wait(WaitDirection.Read, seen, deadline.Value))
                StreamDescriptor.ThrowTimedOut("read", ReadTimeout);
        }
    }

    /// <summary>One sendmsg; false for EAGAIN.</summary>
    private unsafe bool TrySend(int descriptor, ReadOnlySpan<byte> message, out int count)
    {
        _socket.ThrowIfClosed();
        var control = new Interop.cmsg_of_descriptor
        {
            cmsg_len = Interop.cmsg_of_descriptor.Length,
            cmsg_level = Interop.SOL_SOCKET,
            cmsg_type = Interop.SCM_RIGHTS,
            descriptor = descriptor,
        };
        while (true)
        {
            nint sent;
            fixed (byte* start = message)
            {
                var part = new Interop.iovec { iov_base = start, iov_len = (nuint)message.Length };
                var header = new Interop.msghdr { msg_iov = &part, msg_iovlen = 1, msg_control = &control, msg_controllen = Interop.cmsg_of_descriptor.Length };
                // SAFETY: all of it is on this stack or pinned during the call.
                sent = Interop.sendmsg(_socket, &header, Interop.MSG_NOSIGNAL);
            }
            count = (int)sent;
            if (sent >= 0)
                return true;
            int errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.EAGAIN)
                return false;
            if (errno != Errno.EINTR)
                throw new SystemCallException("sendmsg", errno);
        }
    }

    /// <summary>One recvmsg; false for EAGAIN.</summary>
    private unsafe bool TryReceive(Span<byte> message, out int count, out SafeFileHandle? handle)
    {
        _socket.ThrowIfClosed();
        handle = null;
        while (true)
        {
            nint received;
            Interop.cmsg_of_descriptor control = default;
            Interop.msghdr header;
            fixed (byte* start = message)
            {
                var part = new Interop.iovec { iov_base = start, iov_len = (nuint)message.Length };
                header = new Interop.msghdr { msg_iov = &part, msg_iovlen = 1, msg_control = &control, msg_controllen = Interop.cmsg_of_descriptor.Length };
                // SAFETY: all of it is on this stack or pinned during the call.
                received = Interop.recvmsg(_socket, &header, Interop.MSG_CMSG_CLOEXEC);
            }
            count = (int)received;
            if (received < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno == Errno.EAGAIN)
                    return false;
                if (errno == Errno.EINTR)
                    continue;
                throw new SystemCallException("recvmsg", errno);
            }
            if (header.msg_controllen >= Interop.cmsg_of_descriptor.Length && control is { cmsg_level: Interop.SOL_SOCKET, cmsg_type: Interop.SCM_RIGHTS })
                handle = new SafeFileHandle(control.descriptor, ownsHandle: true);
            else if ((header.msg_flags & Interop.MSG_CTRUNC) != 0)
                // The room is for one, so that one came and none could be made: the limit is the only cause that a process can meet.
                throw new SystemCallException("recvmsg", Errno.EMFILE);
            return true;
        }
    }
}
