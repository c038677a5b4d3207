using System.Buffers;
using System.Buffers.Binary;

namespace GreenThreads;

public sealed partial class LengthPrefixedStream
{
    // Up to here a message is copied behind its prefix, to be sent in one call. A guess.
    private const int LongestJoined = 16 << 10;

    /// <summary>Writes a message. Parks while the stream takes no more.</summary>
    /// <param name="message">The message; it may be empty.</param>
    /// <exception cref="ArgumentException">It is longer than the maximum; nothing was written.</exception>
    /// <exception cref="IOException">The stream failed, or its timeout passed; an unknown part was written.</exception>
    public void Write(ReadOnlySpan<byte> message)
    {
        ThrowIfTooLong(message.Length);
        if (message.Length > LongestJoined)
        {
            Span<byte> prefix = stackalloc byte[PrefixLength];
            WriteLength(prefix, message.Length);
            _stream.Write(prefix);
            _stream.Write(message);
            return;
        }
        byte[] joined = ArrayPool<byte>.Shared.Rent(PrefixLength + message.Length);
        try
        {
            WriteLength(joined, message.Length);
            message.CopyTo(joined.AsSpan(PrefixLength));
            _stream.Write(joined.AsSpan(0, PrefixLength + message.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(joined);
        }
    }

    /// <summary>Writes a message without parking or blocking.</summary>
    /// <param name="message">The message; not to be changed before the write has completed.</param>
    /// <param name="cancellationToken">Ends the wait; an unknown part was written then.</param>
    /// <exception cref="ArgumentException">It is longer than the maximum; nothing was written.</exception>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken = default)
    {
        ThrowIfTooLong(message.Length);
        byte[] joined = ArrayPool<byte>.Shared.Rent(PrefixLength + Math.Min(message.Length, LongestJoined));
        try
        {
            WriteLength(joined, message.Length);
            int first = Math.Min(message.Length, LongestJoined);
            message[..first].CopyTo(joined.AsMemory(PrefixLength));
            await _stream.WriteAsync(joined.AsMemory(0, PrefixLength + first), cancellationToken).ConfigureAwait(false);
            if (first < message.Length)
                await _stream.WriteAsync(message[first..], cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(joined);
        }
    }

    private void ThrowIfTooLong(int length)
    {
        if (length > MaximumLength)
            throw new ArgumentException($"The message has {length} bytes; the maximum is {MaximumLength}.");
    }

    private void WriteLength(Span<byte> prefix, int length)
    {
        switch (_prefix)
        {
            case LengthPrefix.UInt32BigEndian:
                BinaryPrimitives.WriteUInt32BigEndian(prefix, (uint)length);
                break;
            case LengthPrefix.UInt32LittleEndian:
                BinaryPrimitives.WriteUInt32LittleEndian(prefix, (uint)length);
                break;
            case LengthPrefix.UInt16BigEndian:
                BinaryPrimitives.WriteUInt16BigEndian(prefix, (ushort)length);
                break;
            default:
                BinaryPrimitives.WriteUInt16LittleEndian(prefix, (ushort)length);
                break;
        }
    }
}
