using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>A non-blocking end of a pipe, and its interest.</summary>
internal sealed class PipeDescriptor : StreamDescriptor
{
    /// <summary>PIPE_BUF: what is written at once up to this length stays together, and a packet is at most so long.</summary>
    internal const int AtomicLength = 4096;

    private readonly bool _isFifo;

    /// <param name="descriptor">An open, non-blocking end of a pipe.</param>
    /// <param name="canRead">Which end it is.</param>
    /// <param name="isPacketMode">Whether each write is a packet.</param>
    /// <param name="isFifo">Whether it was opened by name, so that there may be no writer yet.</param>
    internal PipeDescriptor(int descriptor, bool canRead, bool isPacketMode, bool isFifo)
        : base(descriptor, typeof(GreenPipeStream))
    {
        CanRead = canRead;
        IsPacketMode = isPacketMode;
        _isFifo = isFifo;
    }

    internal bool CanRead { get; }

    internal bool IsPacketMode { get; }

    private protected override bool TryReceive(Span<byte> buffer, out int count)
    {
        if (!CanRead)
            throw new NotSupportedException("This is the writing end of the pipe.");
        // read(2) of nothing does not look whether there is something.
        if (buffer.IsEmpty)
        {
            ThrowIfClosed();
            count = 0;
            return Poll() != 0;
        }
        if (IsPacketMode && buffer.Length < AtomicLength)
            throw new ArgumentException($"A packet has up to {AtomicLength} bytes, and what the buffer had no room for would be lost.", nameof(buffer));
        while (true)
        {
            if (!ReadOnce(buffer, out count))
                return false;
            if (count > 0 || !_isFifo)
                return true;
            // The end, or nobody has opened it for writing yet: that is not told by read(2), but there is no hang-up then.
            short events = Poll();
            if ((events & Interop.POLLIN) != 0)
                continue;
            return (events & Interop.POLLHUP) != 0;
        }
    }

    private protected override unsafe bool TrySend(ReadOnlySpan<byte> buffer, out int count)
    {
        if (CanRead)
            throw new NotSupportedException("This is the reading end of the pipe.");
        if (IsPacketMode && buffer.Length > AtomicLength)
            throw new ArgumentException($"A packet has at most {AtomicLength} bytes; {buffer.Length} would become several.", nameof(buffer));
        ThrowIfClosed();
        while (true)
        {
            nint written;
            fixed (byte* start = buffer)
            {
                // SAFETY: the buffer is pinned during the call.
                written = Interop.write(this, start, (nuint)buffer.Length);
            }
            if (TryEnd("write", written, out count, out bool isDone))
                return isDone;
        }
    }

    /// <summary>One read; false for EAGAIN.</summary>
    private unsafe bool ReadOnce(Span<byte> buffer, out int count)
    {
        ThrowIfClosed();
        while (true)
        {
            nint read;
            fixed (byte* start = buffer)
            {
                // SAFETY: the buffer is pinned during the call.
                read = Interop.read(this, start, (nuint)buffer.Length);
            }
            if (TryEnd("read", read, out count, out bool isDone))
                return isDone;
        }
    }

    // False if the call was interrupted and is to be repeated.
    private static bool TryEnd(string call, nint result, out int count, out bool isDone)
    {
        isDone = result >= 0;
        count = isDone ? (int)result : 0;
        int errno = isDone ? 0 : Marshal.GetLastPInvokeError();
        if (!isDone && errno is not (Errno.EAGAIN or Errno.EINTR))
            ThrowFailed(call, errno);
        return errno != Errno.EINTR;
    }

    private short Poll() => EventLoop.PollOnce(this, Interop.POLLIN);
}
