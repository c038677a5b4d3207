using System.Diagnostics.CodeAnalysis;

namespace GreenThreads;

// Receive and send: try first, wait only on EAGAIN. The clock is read only if there is something to wait for. The budget is spent before the try: to spend it may
// throw, because the green thread is cancelled, and what had been received already would be lost.
internal abstract class StreamDescriptor : PolledDescriptor
{
    private protected StreamDescriptor(int descriptor, Type owner)
        : base(descriptor, owner)
    {
    }

    /// <summary>Receives what there is, at least one byte, or 0 at the end. For an empty buffer: waits until there is something. Parks.</summary>
    internal int Receive(Span<byte> buffer, int timeout)
    {
        EventLoopHost.Current.SpendBudget();
        Deadline? deadline = null;
        while (true)
        {
            int seen = Interest.EdgesOf(WaitDirection.Read);
            if (TryReceive(buffer, out int count))
                return count;
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
            EventLoopHost.Current.SpendBudget();
            int seen = Interest.EdgesOf(WaitDirection.Write);
            if (TrySend(buffer, out int count))
            {
                buffer = buffer[count..];
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

    /// <summary>Receives once, at least one byte; 0 at the end, and for an empty buffer if there is something.</summary>
    /// <returns>False if there is nothing yet.</returns>
    private protected abstract bool TryReceive(Span<byte> buffer, out int count);

    /// <summary>Sends once, as much as there is room for.</summary>
    /// <returns>False if there is no room yet.</returns>
    private protected abstract bool TrySend(ReadOnlySpan<byte> buffer, out int count);

    [DoesNotReturn]
    private protected static void ThrowFailed(string call, int errno) => throw new SystemCallException(call, errno);

    [DoesNotReturn]
    internal static void ThrowTimedOut(string operation, int timeout)
    {
        string message = $"The {operation} did not complete within {timeout} ms.";
        throw new IOException(message, new TimeoutException(message));
    }
}
