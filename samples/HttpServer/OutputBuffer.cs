using System.Buffers;

namespace GreenThreads.Samples.Http;

/// <summary>What is to go to the peer, so that the answers to pipelined requests go in one system call. A connection that is idle has no memory here.</summary>
internal sealed class OutputBuffer(Stream stream) : IDisposable
{
    private const int Size = 16 * 1024;

    private byte[]? _bytes;
    private int _count;

    internal void Write(ReadOnlySpan<byte> data)
    {
        if (data.Length > Size - _count)
        {
            Flush();
            if (data.Length >= Size)
            {
                stream.Write(data);
                return;
            }
        }
        data.CopyTo(Reserve(data.Length));
        _count += data.Length;
    }

    /// <summary>In decimal, or in hexadecimal for the size of a chunk.</summary>
    internal void Write(long number, char format = 'D')
    {
        Span<byte> digits = stackalloc byte[20];
        System.Buffers.Text.Utf8Formatter.TryFormat(number, digits, out int count, new StandardFormat(format));
        Write(digits[..count]);
    }

    /// <summary>Sends everything. Parks while the peer does not read.</summary>
    internal void Flush()
    {
        if (_count == 0)
            return;
        int count = _count;
        _count = 0;
        stream.Write(_bytes.AsSpan(0, count));
    }

    /// <summary>Gives the memory back; what has not been sent is gone.</summary>
    public void Dispose()
    {
        _count = 0;
        if (_bytes is { } bytes)
            ArrayPool<byte>.Shared.Return(bytes);
        _bytes = null;
    }

    private Span<byte> Reserve(int length) => (_bytes ??= ArrayPool<byte>.Shared.Rent(Size)).AsSpan(_count, length);
}
