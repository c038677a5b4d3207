using System.Buffers.Binary;

namespace GreenThreads.Samples.Rabc;

/// <summary>Cuts what was received into messages, for code that may not wait for the rest of one. Grows with what arrives, not with what is announced.</summary>
internal sealed class ReceiveBuffer(int maximumLength)
{
    private byte[] _buffer = new byte[1024];
    private int _start;
    private int _end;

    /// <summary>Where to receive to; never empty.</summary>
    internal Span<byte> Free
    {
        get
        {
            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }
            if (_end == _buffer.Length)
                Array.Resize(ref _buffer, _buffer.Length * 2);
            return _buffer.AsSpan(_end);
        }
    }

    /// <summary>So many bytes have come.</summary>
    internal void Add(int count) => _end += count;

    /// <summary>The next message, valid until the next call of <see cref="Free"/>.</summary>
    /// <exception cref="IOException">It is empty, or longer than allowed.</exception>
    internal bool TryTake(out ReadOnlyMemory<byte> message)
    {
        message = default;
        ReadOnlySpan<byte> received = _buffer.AsSpan(_start, _end - _start);
        if (received.Length < Protocol.PrefixLength)
            return false;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(received);
        if (length == 0 || length > (uint)maximumLength)
            throw new IOException($"the server announced a message of {length} bytes; from 1 to {maximumLength} are allowed");
        if (received.Length - Protocol.PrefixLength < length)
            return false;
        message = _buffer.AsMemory(_start + Protocol.PrefixLength, (int)length);
        _start += Protocol.PrefixLength + (int)length;
        return true;
    }
}
