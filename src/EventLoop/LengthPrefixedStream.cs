using System.Buffers.Binary;

namespace GreenThreads;

// Reading: what came lies in _buffer[_start.._end]; each call goes on from there, so a read that was cancelled or timed out in the middle of a message loses
// nothing. The buffer grows by doubling with what has arrived, never to what was merely announced: a peer that announces much and sends little costs little.

/// <summary>
/// Messages over a stream, each with its length before it, and none longer than a maximum. One thread reads and one writes at a time; the two may be different
/// ones. Reads ahead, so the stream itself must not be read meanwhile.
/// </summary>
public sealed partial class LengthPrefixedStream : IDisposable
{
    /// <summary>The maximum if none is given, in bytes.</summary>
    public const int DefaultMaximumLength = 1 << 20;

    // A guess. Larger buffers are given up after the message that needed them.
    private const int SmallBuffer = 4096;

    private readonly Stream _stream;
    private readonly LengthPrefix _prefix;
    private readonly bool _leaveOpen;
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private Deadline? _messageDeadline;

    /// <summary>Puts messages onto a stream.</summary>
    /// <param name="stream">Any stream; best one of this library's, whose waits park.</param>
    /// <param name="maximumLength">The longest message that is read or written, in bytes, without its prefix.</param>
    /// <param name="prefix">How the length is written.</param>
    /// <param name="leaveOpen">Whether Dispose leaves the stream alone.</param>
    /// <exception cref="ArgumentOutOfRangeException">The maximum is negative or close to <see cref="int.MaxValue"/>, or there is no such prefix.</exception>
    public LengthPrefixedStream(Stream stream, int maximumLength = DefaultMaximumLength, LengthPrefix prefix = LengthPrefix.UInt32BigEndian, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfNegative(maximumLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maximumLength, Array.MaxLength - sizeof(uint));
        if (!Enum.IsDefined(prefix))
            throw new ArgumentOutOfRangeException(nameof(prefix));
        _stream = stream;
        _prefix = prefix;
        _leaveOpen = leaveOpen;
        MaximumLength = IsShort ? Math.Min(maximumLength, ushort.MaxValue) : maximumLength;
    }

    /// <summary>The longest message that is read or written, in bytes; a short prefix allows 65,535.</summary>
    public int MaximumLength { get; }

    /// <summary>
    /// How long a message may take from its first byte to its last; <see cref="Timeout.InfiniteTimeSpan"/> (the default) for any time. The stream's own timeout is
    /// for each read, and a peer that sends a byte now and then never meets it. Holds for the synchronous reads, and only on a stream that can time out, whose
    /// <see cref="Stream.ReadTimeout"/> is what a read waits for a message to begin.
    /// </summary>
    public TimeSpan MessageTimeout { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>How large the buffer is at this moment, for tests.</summary>
    internal int BufferLength => _buffer.Length;

    private bool IsShort => _prefix is LengthPrefix.UInt16BigEndian or LengthPrefix.UInt16LittleEndian;

    private int PrefixLength => IsShort ? sizeof(ushort) : sizeof(uint);

    /// <summary>Reads the next message. Parks until it is there whole.</summary>
    /// <param name="message">The message, in a buffer that the next read uses again.</param>
    /// <returns>False at the end of the stream.</returns>
    /// <exception cref="MessageTooLongException">A longer message than the maximum was announced.</exception>
    /// <exception cref="EndOfStreamException">The stream ended in the middle of a message.</exception>
    /// <exception cref="IOException">The stream failed, or its timeout or the <see cref="MessageTimeout"/> passed; the next read goes on where this one was.</exception>
    public bool TryRead(out ReadOnlyMemory<byte> message)
    {
        while (!TryTake(out message))
        {
            MakeRoom();
            int count = ReadSome(_buffer.AsSpan(_end));
            if (count == 0)
                return EndsWell();
            _end += count;
        }
        return true;
    }

    /// <summary>Reads the next message without parking or blocking. <see cref="MessageTimeout"/> does not hold.</summary>
    /// <param name="cancellationToken">Ends the wait; the next read goes on where this one was.</param>
    /// <returns>The message, in a buffer that the next read uses again; null at the end of the stream.</returns>
    /// <exception cref="MessageTooLongException">A longer message than the maximum was announced.</exception>
    /// <exception cref="EndOfStreamException">The stream ended in the middle of a message.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellationToken = default)
    {
        ReadOnlyMemory<byte> message;
        while (!TryTake(out message))
        {
            MakeRoom();
            int count = await _stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                EndsWell();
                return null;
            }
            _end += count;
        }
        return message;
    }

    /// <summary>Disposes of the stream, unless it is to be left open.</summary>
    public void Dispose()
    {
        if (!_leaveOpen)
            _stream.Dispose();
    }

    /// <summary>The next message, if it is in the buffer.</summary>
    private bool TryTake(out ReadOnlyMemory<byte> message)
    {
        message = default;
        if (TryReadLength() is not { } length || _end - _start - PrefixLength < length)
            return false;
        message = _buffer.AsMemory(_start + PrefixLength, length);
        _start += PrefixLength + length;
        _messageDeadline = null;
        return true;
    }

    private int? TryReadLength()
    {
        ReadOnlySpan<byte> received = _buffer.AsSpan(_start, _end - _start);
        if (received.Length < PrefixLength)
            return null;
        uint length = _prefix switch
        {
            LengthPrefix.UInt32BigEndian => BinaryPrimitives.ReadUInt32BigEndian(received),
            LengthPrefix.UInt32LittleEndian => BinaryPrimitives.ReadUInt32LittleEndian(received),
            LengthPrefix.UInt16BigEndian => BinaryPrimitives.ReadUInt16BigEndian(received),
            _ => BinaryPrimitives.ReadUInt16LittleEndian(received),
        };
        return length > (uint)MaximumLength ? throw new MessageTooLongException(length, MaximumLength) : (int)length;
    }

    private void MakeRoom()
    {
        int received = _end - _start;
        // As long as what is announced, if that is little; otherwise twice what has arrived.
        int wanted = TryReadLength() is { } length ? Math.Min(PrefixLength + length, Math.Max(SmallBuffer, received * 2L > Array.MaxLength ? Array.MaxLength : received * 2)) : 0;
        wanted = Math.Max(wanted, Math.Max(received + 1, Math.Min(SmallBuffer, PrefixLength + MaximumLength)));
        if (_buffer.Length < wanted || _buffer.Length > SmallBuffer && wanted <= SmallBuffer)
        {
            var buffer = new byte[wanted];
            _buffer.AsSpan(_start, received).CopyTo(buffer);
            _buffer = buffer;
        }
        else if (_start > 0)
            _buffer.AsSpan(_start, received).CopyTo(_buffer);
        (_start, _end) = (0, received);
    }

    private int ReadSome(Span<byte> buffer)
    {
        if (_end == _start || MessageTimeout == Timeout.InfiniteTimeSpan || !_stream.CanTimeout)
            return _stream.Read(buffer);
        _messageDeadline ??= Deadline.After(MessageTimeout);
        double left = Math.Ceiling(_messageDeadline.Value.Remaining.TotalMilliseconds);
        if (left <= 0)
            ThrowTimedOut();
        int usual = _stream.ReadTimeout;
        bool isShorter = usual == Timeout.Infinite || left < usual;
        if (isShorter)
            _stream.ReadTimeout = (int)Math.Min(left, int.MaxValue);
        try
        {
            return _stream.Read(buffer);
        }
        catch (IOException e) when (isShorter && e.InnerException is TimeoutException && _messageDeadline.Value.HasPassed)
        {
            ThrowTimedOut();
            throw;
        }
        finally
        {
            if (isShorter)
                _stream.ReadTimeout = usual;
        }
    }

    private void ThrowTimedOut()
    {
        string text = $"The message did not come whole within {MessageTimeout.TotalMilliseconds} ms.";
        throw new IOException(text, new TimeoutException(text));
    }

    private bool EndsWell() => _end == _start
        ? false
        : throw new EndOfStreamException($"The stream ended in the middle of a message, after {_end - _start} bytes of it.");
}
