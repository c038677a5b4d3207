namespace GreenThreads.Samples.Http;

/// <summary>
/// What has come from the peer. The head of the request that is being answered stays where it is until the request has ended; behind it there is room for what comes next.
/// <code>
///   [ ... | head of the request | (body, read) | not read yet | free ]
///         start                                read           end
/// </code>
/// It grows as far as the parser lets a head, or a line of a chunked body, grow.
/// </summary>
internal sealed class InputBuffer(Stream stream)
{
    private const int InitialSize = 4096;

    private byte[] _bytes = new byte[InitialSize];
    private int _start;
    private int _headLength;
    private int _read;
    private int _end;

    /// <summary>From the beginning of the request on.</summary>
    internal ReadOnlySpan<byte> Request => _bytes.AsSpan(_start, _end - _start);

    internal ReadOnlySpan<byte> Unread => _bytes.AsSpan(_read, _end - _read);

    internal bool IsEmpty => _read == _end;

    /// <summary>Reads more behind what is there. Parks.</summary>
    /// <returns>False at the end of the stream.</returns>
    internal bool Fill()
    {
        MakeRoom();
        int count = stream.Read(_bytes.AsSpan(_end));
        _end += count;
        return count > 0;
    }

    /// <summary>The head is complete, and what follows is body.</summary>
    internal void EndHead(int length)
    {
        _headLength = length;
        _read = _start + length;
    }

    internal void Advance(int count) => _read += count;

    /// <summary>What has not been read is the next request.</summary>
    internal void EndRequest()
    {
        _start = _read;
        _headLength = 0;
        if (IsEmpty)
            _start = _read = _end = 0;
    }

    private void MakeRoom()
    {
        int bodyStart = _start + _headLength;
        if (IsEmpty && _headLength > 0)
            _read = _end = bodyStart;
        if (_end < _bytes.Length)
            return;
        if (_start > 0)
        {
            Move(from: _start, to: 0);
            _read -= _start;
            _start = 0;
        }
        else if (_headLength > 0 && _read > bodyStart)
        {
            Move(from: _read, to: bodyStart);
            _read = bodyStart;
        }
        else
        {
            Array.Resize(ref _bytes, _bytes.Length * 2);
        }
    }

    private void Move(int from, int to)
    {
        Buffer.BlockCopy(_bytes, from, _bytes, to, _end - from);
        _end -= from - to;
    }
}
