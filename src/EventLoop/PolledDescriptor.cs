using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace GreenThreads;

// A non-blocking descriptor and its interest: what everything that waits in the event loop is made of (docs/event-loop.md shows how). Close has an order: first the
// interest (the registration ends while the number is still ours, and whoever waits wakes), then the descriptor, once the last system call on it has returned. One
// that nobody disposed of does the same when it is collected; the loop refers to the interest only, and the interest not to the descriptor.
internal class PolledDescriptor : FileDescriptor
{
    private readonly Type _owner;

    /// <param name="descriptor">An open, non-blocking descriptor of a kind that epoll takes.</param>
    /// <param name="owner">The public type, for the message of <see cref="ObjectDisposedException"/>.</param>
    internal PolledDescriptor(int descriptor, Type owner)
        : base(descriptor)
    {
        _owner = owner;
        Interest = new Interest(descriptor);
        OwnedInterests.Add(Interest);
    }

    internal Interest Interest { get; }

    /// <summary>Wraps what a system call returned.</summary>
    /// <exception cref="SystemCallException">It returned -1.</exception>
    internal static PolledDescriptor From(string call, int result, Type owner) =>
        result < 0 ? throw new SystemCallException(call, Marshal.GetLastPInvokeError()) : new PolledDescriptor(result, owner);

    internal void ThrowIfClosed() => ObjectDisposedException.ThrowIf(IsClosed, _owner);

    /// <summary>Waits for the interest. Parks.</summary>
    /// <returns>False if the deadline has passed.</returns>
    /// <exception cref="ObjectDisposedException">It was disposed of meanwhile.</exception>
    internal bool Wait(WaitDirection direction, int seen, Deadline deadline)
    {
        WaitOutcome outcome = Interest.Wait(direction, seen, Waiter.Current, deadline);
        GC.KeepAlive(this); // Otherwise the last reader of one that nobody holds could be finalized while it waits.
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

    /// <summary>One read(2); false for EAGAIN.</summary>
    /// <exception cref="SystemCallException">It failed.</exception>
    internal unsafe bool TryRead(Span<byte> buffer, out int count)
    {
        ThrowIfClosed();
        while (true)
        {
            nint result;
            fixed (byte* start = buffer)
            {
                // SAFETY: the buffer is pinned during the call.
                result = Interop.read(this, start, (nuint)buffer.Length);
            }
            if (TryEnd("read", result, out count, out bool isAgain))
                return !isAgain;
        }
    }

    /// <summary>One write(2); false for EAGAIN.</summary>
    /// <exception cref="SystemCallException">It failed.</exception>
    internal unsafe bool TryWrite(ReadOnlySpan<byte> buffer, out int count)
    {
        ThrowIfClosed();
        while (true)
        {
            nint result;
            fixed (byte* start = buffer)
            {
                // SAFETY: the buffer is pinned during the call.
                result = Interop.write(this, start, (nuint)buffer.Length);
            }
            if (TryEnd("write", result, out count, out bool isAgain))
                return !isAgain;
        }
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

    // False if the call is to be repeated.
    private static bool TryEnd(string call, nint result, out int count, out bool isAgain)
    {
        count = (int)result;
        isAgain = false;
        if (result >= 0)
            return true;
        count = 0;
        int errno = Marshal.GetLastPInvokeError();
        isAgain = errno == Errno.EAGAIN;
        if (!isAgain && errno != Errno.EINTR)
            ThrowFailed(call, errno);
        return isAgain;
    }

    [DoesNotReturn]
    private static void ThrowFailed(string call, int errno) => throw new SystemCallException(call, errno);
}
