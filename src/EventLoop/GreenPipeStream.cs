using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>
/// One end of a pipe as a stream. When all readers have gone, a write fails with EPIPE (there is never a signal); when all writers have gone and everything is
/// read, a read returns 0. In packet mode a read takes one packet, whole, and a write is one.
/// </summary>
public sealed class GreenPipeStream : GreenStream
{
    private readonly PipeDescriptor _pipe;

    internal GreenPipeStream(PipeDescriptor pipe)
        : base(pipe)
    {
        _pipe = pipe;
    }

    /// <summary>Whether this is the reading end and the stream was not disposed of.</summary>
    public override bool CanRead => _pipe.CanRead && base.CanRead;

    /// <summary>Whether this is the writing end and the stream was not disposed of.</summary>
    public override bool CanWrite => !_pipe.CanRead && base.CanWrite;

    /// <summary>
    /// Whether each write is a packet. Such a stream refuses to write more than <see cref="GreenPipe.MaximumPacketLength"/> bytes at once, and to read into a
    /// smaller buffer than that, since the rest of the packet would be lost. (So there is no ReadByte.) An empty write makes no packet.
    /// </summary>
    public bool IsPacketMode => _pipe.IsPacketMode;

    /// <summary>
    /// How much the pipe holds, in bytes. The kernel rounds up, to a power of two of pages; more than fs.pipe-max-size is for the privileged. Does not park.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Zero or negative.</exception>
    /// <exception cref="SystemCallException">More than is allowed (EPERM), or less than is in the pipe (EBUSY).</exception>
    /// <exception cref="ObjectDisposedException">The stream was disposed of.</exception>
    public int Capacity
    {
        get => Control(Interop.F_GETPIPE_SZ, 0);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            Control(Interop.F_SETPIPE_SZ, value);
        }
    }

    private int Control(int command, int argument)
    {
        _pipe.ThrowIfClosed();
        int result = Interop.fcntl(_pipe, command, argument);
        return result < 0 ? throw new SystemCallException("fcntl", Marshal.GetLastPInvokeError()) : result;
    }
}
