using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>A non-blocking socket and its interest.</summary>
internal sealed partial class SocketDescriptor : StreamDescriptor
{
    /// <inheritdoc/>
    internal SocketDescriptor(int descriptor, Type owner)
        : base(descriptor, owner)
    {
        // Elsewhere there is more than bytes to be received: addresses, descriptors.
        MayUseRing = owner == typeof(GreenTcpStream);
    }

    /// <summary>Who counts it as an open connection, and is told of its end. Set at most once, before anybody else knows the socket.</summary>
    internal ConnectionLimit? CountedBy { get; set; }

    /// <param name="family">AF_...</param>
    /// <param name="owner">The public type, for the message of <see cref="ObjectDisposedException"/>.</param>
    /// <param name="type">SOCK_STREAM or SOCK_DGRAM.</param>
    internal static SocketDescriptor Create(int family, Type owner, int type = Interop.SOCK_STREAM)
    {
        int descriptor = Interop.socket(family, type | Interop.SOCK_NONBLOCK | Interop.SOCK_CLOEXEC, 0);
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

    internal void Shutdown(SocketShutdown how)
    {
        int direction = how switch
        {
            SocketShutdown.Receive => Interop.SHUT_RD,
            SocketShutdown.Send => Interop.SHUT_WR,
            SocketShutdown.Both => Interop.SHUT_RDWR,
            _ => throw new ArgumentOutOfRangeException(nameof(how)),
        };
        ThrowIfClosed();
        if (Interop.shutdown(this, direction) < 0)
            throw new SystemCallException("shutdown", Marshal.GetLastPInvokeError());
    }

    /// <summary>Waits as <see cref="PolledDescriptor.WaitAsync"/> does, with a limit.</summary>
    /// <returns>False if it has passed.</returns>
    internal async ValueTask<bool> WaitAsync(WaitDirection direction, int seen, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(timeout);
        try
        {
            await WaitAsync(direction, seen, timer.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        catch (OperationCanceledException)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    protected override bool ReleaseHandle()
    {
        Interest.Close();
        CloseReceived();
        bool isClosed = base.ReleaseHandle();
        CountedBy?.Leave();
        return isClosed;
    }
}
