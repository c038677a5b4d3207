using System.Net;
using System.Runtime.InteropServices;

namespace GreenThreads;

// A non-blocking socket.
internal sealed partial class SocketDescriptor : PolledDescriptor
{
    /// <inheritdoc/>
    internal SocketDescriptor(int descriptor, Type owner)
        : base(descriptor, owner)
    {
    }

    internal static SocketDescriptor Create(int family, Type owner)
    {
        int descriptor = Interop.socket(family, Interop.SOCK_STREAM | Interop.SOCK_NONBLOCK | Interop.SOCK_CLOEXEC, 0);
        return descriptor < 0
            ? throw new SystemCallException("socket", Marshal.GetLastPInvokeError())
            : new SocketDescriptor(descriptor, owner);
    }

    /// <summary>The end of this side: bound or connected address, port included.</summary>
    internal unsafe IPEndPoint GetLocalEndPoint()
    {
        ThrowIfClosed();
        byte* address = stackalloc byte[SocketAddressFormat.MaximumSize];
        int size = SocketAddressFormat.MaximumSize;
        // SAFETY: the kernel writes at most size bytes.
        if (Interop.getsockname(this, address, &size) < 0)
            throw new SystemCallException("getsockname", Marshal.GetLastPInvokeError());
        return SocketAddressFormat.Read(new ReadOnlySpan<byte>(address, size));
    }

    internal unsafe void SetOption(int level, int name, int value)
    {
        ThrowIfClosed();
        // SAFETY: the kernel reads one int during the call.
        if (Interop.setsockopt(this, level, name, &value, sizeof(int)) < 0)
            throw new SystemCallException("setsockopt", Marshal.GetLastPInvokeError());
    }

    internal unsafe int GetOption(int level, int name)
    {
        ThrowIfClosed();
        int value = 0;
        int size = sizeof(int);
        // SAFETY: the kernel writes one int during the call.
        if (Interop.getsockopt(this, level, name, &value, &size) < 0)
            throw new SystemCallException("getsockopt", Marshal.GetLastPInvokeError());
        return value;
    }

    internal void Shutdown(int how)
    {
        ThrowIfClosed();
        if (Interop.shutdown(this, how) < 0)
            throw new SystemCallException("shutdown", Marshal.GetLastPInvokeError());
    }
}
