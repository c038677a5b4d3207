using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace GreenThreads;

// Receive and send: try first, wait only on EAGAIN. The clock is read only if there is something to wait for.
internal sealed partial class SocketDescriptor
{
    /// <summary>Receives what there is, at least one byte, or 0 at the end. For an empty buffer: waits until there is something. Parks.</summary>
    internal int Receive(Span<byte> buffer, int timeout)
    {
        Deadline? deadline = null;
        while (true)
        {
            int seen = Interest.EdgesOf(WaitDirection.Read);
            if (TryReceive(buffer, out int count))
            {
                if (deadline is null)
                    EventLoopHost.Current.SpendBudget();
                return count;
            }
            deadline ??= Deadline.AfterMilliseconds(timeout);
            if (!Wait(WaitDirection.Read, seen, deadline.Value))
                ThrowTimedOut("read", timeout);
        }
    }

    /// <summary>Sends everything. Parks.</summary>
    internal void Send(ReadOnlySpan<byte> buffer, int timeout)
    {
        Deadline? deadline = null;
        do
        {
            int seen = Interest.EdgesOf(WaitDirection.Write);
            if (TrySend(buffer, out int count))
            {
                buffer = buffer[count..];
                EventLoopHost.Current.SpendBudget();
                continue;
            }
            deadline ??= Deadline.AfterMilliseconds(timeout);
            if (!Wait(WaitDirection.Write, seen, deadline.Value))
                ThrowTimedOut("write", timeout);
        }
        while (!buffer.IsEmpty);
    }

    internal ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(cancellationToken);
        try
        {
            int seen = Interest.EdgesOf(WaitDirection.Read);
            return TryReceive(buffer.Span, out int count) ? new ValueTask<int>(count) : ReceiveSlowAsync(buffer, seen, cancellationToken);
        }
        catch (Exception e)
        {
            return ValueTask.FromException<int>(e);
        }
    }

    internal ValueTask SendAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        try
        {
            return TrySend(buffer.Span, out int count) && count == buffer.Length
                ? ValueTask.CompletedTask
                : SendSlowAsync(buffer[count..], cancellationToken);
        }
        catch (Exception e)
        {
            return ValueTask.FromException(e);
        }
    }

    private async ValueTask<int> ReceiveSlowAsync(Memory<byte> buffer, int seen, CancellationToken cancellationToken)
    {
        while (true)
        {
            await WaitAsync(WaitDirection.Read, seen, cancellationToken).ConfigureAwait(false);
            seen = Interest.EdgesOf(WaitDirection.Read);
            if (TryReceive(buffer.Span, out int count))
                return count;
        }
    }

    private async ValueTask SendSlowAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        while (!buffer.IsEmpty)
        {
            int seen = Interest.EdgesOf(WaitDirection.Write);
            if (TrySend(buffer.Span, out int count))
                buffer = buffer[count..];
            else
                await WaitAsync(WaitDirection.Write, seen, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>One recv; false for EAGAIN.</summary>
    private unsafe bool TryReceive(Span<byte> buffer, out int count)
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
            if (errno != Errno.EINTR)
                ThrowFailed("recv", errno);
        }
    }

    /// <summary>One send; false for EAGAIN.</summary>
    private unsafe bool TrySend(ReadOnlySpan<byte> buffer, out int count)
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
            if (errno != Errno.EINTR)
                ThrowFailed("send", errno);
        }
    }

    [DoesNotReturn]
    private static void ThrowFailed(string call, int errno) => throw new SystemCallException(call, errno);

    [DoesNotReturn]
    private static void ThrowTimedOut(string operation, int timeout)
    {
        string message = $"The {operation} did not complete within {timeout} ms.";
        throw new IOException(message, new TimeoutException(message));
    }
}
