using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>
/// A connection or a pipe as a stream. A call that cannot complete at once parks the calling green thread and its scheduler runs others; on a plain OS thread it
/// blocks. Any thread may use it: one reads while another writes. Two that read at once each get a part; two that write at once may interleave their bytes. A
/// green thread that is cancelled learns of it before something is read, so no byte is lost by that; of a write that had to wait an unknown part has been sent.
/// </summary>
public abstract partial class GreenStream : Stream
{
    private readonly StreamDescriptor _descriptor;
    private int _readTimeout = Timeout.Infinite;
    private int _writeTimeout = Timeout.Infinite;

    private protected GreenStream(StreamDescriptor descriptor) => _descriptor = descriptor;

    /// <summary>The descriptor, for this assembly and its tests.</summary>
    internal StreamDescriptor Descriptor => _descriptor;

    /// <summary>The descriptor, for <see cref="Select.Readable(SafeHandle)"/> and for event loops of somebody else's. It stays non-blocking, and this object's to close.</summary>
    public SafeHandle Handle => _descriptor;

    /// <summary>True until the stream is disposed of.</summary>
    public override bool CanRead => !_descriptor.IsClosed;

    /// <summary>True until the stream is disposed of.</summary>
    public override bool CanWrite => !_descriptor.IsClosed;

    /// <summary>False.</summary>
    public override bool CanSeek => false;

    /// <summary>True.</summary>
    public override bool CanTimeout => true;

    /// <summary>
    /// How long a read waits at most, in milliseconds; <see cref="Timeout.Infinite"/> (the default) for ever. For the synchronous reads, as with
    /// every stream: an asynchronous one takes a token. It holds for the next read, not for one that waits already.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Zero, or negative and not infinite.</exception>
    public override int ReadTimeout
    {
        get => _readTimeout;
        set => _readTimeout = Checked(value);
    }

    /// <summary>
    /// How long a write as a whole waits at most, in milliseconds; <see cref="Timeout.Infinite"/> (the default) for ever. When it expires an
    /// unknown part has been sent. For the synchronous writes, and from the next one on.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Zero, or negative and not infinite.</exception>
    public override int WriteTimeout
    {
        get => _writeTimeout;
        set => _writeTimeout = Checked(value);
    }

    /// <summary>Not supported.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Length => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>
    /// Reads what there is, at least one byte. Parks while there is nothing. An empty buffer waits until there is something and takes nothing.
    /// </summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <returns>The number of bytes; 0 when the peer has shut down its side.</returns>
    /// <exception cref="SystemCallException">The connection failed, for example with ECONNRESET.</exception>
    /// <exception cref="IOException">The <see cref="ReadTimeout"/> has passed; the inner exception is a <see cref="TimeoutException"/>.</exception>
    /// <exception cref="ObjectDisposedException">The stream was disposed of, before or during the read.</exception>
    public override int Read(Span<byte> buffer) => _descriptor.Receive(buffer, _readTimeout);

    /// <inheritdoc cref="Read(Span{byte})"/>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="offset">The first place to fill.</param>
    /// <param name="count">How many bytes to read at most.</param>
    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return _descriptor.Receive(buffer.AsSpan(offset, count), _readTimeout);
    }

    /// <summary>Reads one byte. Parks while there is none. Throws as <see cref="Read(Span{byte})"/> does.</summary>
    /// <returns>The byte, or -1 when the peer has shut down its side.</returns>
    public override int ReadByte()
    {
        byte value = 0;
        return _descriptor.Receive(new Span<byte>(ref value), _readTimeout) == 0 ? -1 : value;
    }

    /// <summary>Writes everything. Parks while the peer's and our buffers are full.</summary>
    /// <param name="buffer">What to send.</param>
    /// <exception cref="SystemCallException">The connection failed, for example with EPIPE or ECONNRESET. There is never a signal.</exception>
    /// <exception cref="IOException">The <see cref="WriteTimeout"/> has passed; the inner exception is a <see cref="TimeoutException"/>.</exception>
    /// <exception cref="ObjectDisposedException">The stream was disposed of, before or during the write.</exception>
    public override void Write(ReadOnlySpan<byte> buffer) => _descriptor.Send(buffer, _writeTimeout);

    /// <inheritdoc cref="Write(ReadOnlySpan{byte})"/>
    /// <param name="buffer">What to send a part of.</param>
    /// <param name="offset">The first byte to send.</param>
    /// <param name="count">How many bytes to send.</param>
    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        _descriptor.Send(buffer.AsSpan(offset, count), _writeTimeout);
    }

    /// <summary>Writes one byte. Parks and throws as <see cref="Write(ReadOnlySpan{byte})"/> does.</summary>
    /// <param name="value">The byte.</param>
    public override void WriteByte(byte value) => _descriptor.Send(new ReadOnlySpan<byte>(in value), _writeTimeout);

    /// <summary>Does nothing: nothing is held back here. Does not park.</summary>
    public override void Flush()
    {
    }

    /// <summary>Not supported.</summary>
    /// <param name="offset">Not used.</param>
    /// <param name="origin">Not used.</param>
    /// <returns>Never.</returns>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    /// <param name="value">Not used.</param>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>
    /// Closes the connection; whoever waits in it gets an <see cref="ObjectDisposedException"/>. What was written is still sent, in the background;
    /// if something received was not read, the peer gets a reset. Any thread, any number of times; does not park.
    /// </summary>
    /// <param name="disposing">False in a finalizer.</param>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _descriptor.Dispose();
        base.Dispose(disposing);
    }

    private static int Checked(int timeout) =>
        timeout is > 0 or Timeout.Infinite ? timeout : throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "Positive or infinite.");
}
