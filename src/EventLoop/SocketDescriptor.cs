using System.Net;
using System.Runtime.InteropServices;

namespace GreenThreads;

// A non-blocking socket and its interest. Close has an order: first the interest (the registration ends while the number is still ours, and
// whoever waits wakes), then the descriptor, once the last system call on it has returned. A socket that nobody disposed of does the same when
// it is collected; the loop refers to the interest only, and the interest not to the socket.
internal sealed partial class SocketDescriptor : FileDescriptor
{
    private readonly Type _owner;

    /// <param name="descriptor">An open, non-blocking socket.</param>
    /// <param name="owner">The public type, for the message of <see cref="ObjectDisposedException"/>.</param>
    internal SocketDescriptor(int descriptor, Type owner)
        : base(descriptor)
    {
        _owner = owner;
        Interest = new Interest(descriptor);
        OwnedInterests.Add(Interest);
    }

    internal Interest Interest { get; }

    internal static SocketDescriptor Create(int family, Type owner)
    {
        int descriptor = Interop.socket(family, Interop.SOCK_STREAM | Interop.SOCK_NONBLOCK | Interop.SOCK_CLOEXEC, 0);
        return descriptor < 0
            ? throw new SystemCallException("socket", Marshal.GetLastPInvokeError())
            : new SocketDescriptor(descriptor, owner);
    }

    internal void ThrowIfClosed() => ObjectDisposedException.ThrowIf(IsClosed, _owner);

    /// <summary>Waits for the interest. Parks.</summary>
    /// <returns>False if the deadline has passed.</returns>
    /// <exception cref="ObjectDisposedException">The socket was disposed of meanwhile.</exception>
    internal bool Wait(WaitDirection direction, int seen, Deadline deadline)
    {
        WaitOutcome outcome = Interest.Wait(direction, seen, Waiter.Current, deadline);
        GC.KeepAlive(this); // Otherwise the last reader of a socket that nobody holds could be finalized while it waits.
        ObjectDisposedException.ThrowIf(outcome == WaitOutcome.Closed, _owner);
        return outcome == WaitOutcome.Ready;
    }

    /// <inheritdoc cref="Wait"/>
    internal async ValueTask WaitAsync(WaitDirection direction, int seen, CancellationToken cancellationToken)
    {
        WaitOutcome outcome = await Interest.WaitAsync(direction, seen, cancellationToken).ConfigureAwait(false);
        GC.KeepAlive(this);
        ObjectDisposedException.ThrowIf(outcome == WaitOutcome.Closed, _owner);
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

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Interest.Close();
        base.Dispose(disposing);
    }

    protected override bool ReleaseHandle()
    {
        Interest.Close();
        bool isClosed = base.ReleaseHandle();
        OwnedInterests.Remove(Interest);
        return isClosed;
    }
}
