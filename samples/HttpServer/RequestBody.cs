using System.Buffers.Text;

namespace GreenThreads.Samples.Http;

// RFC 9112, section 7.1. As strict as the head, for the same reason.

/// <summary>The body of the request that is being answered, as it comes.</summary>
internal sealed class RequestBody(InputBuffer input, Stream stream, OutputBuffer output, HttpLimits limits)
{
    // A chunk's size and its extensions, which are ignored; and how much of them there may be in one body.
    private const int MaximumChunkLine = 256;
    private const int MaximumExtensions = 8 * 1024;

    private long _left;
    private long _total;
    private int _extensions;
    private bool _isChunked;
    private bool _isFirstChunk;
    private bool _mustInvite;
    private long _deadline;

    /// <summary>Whether all of it has been read.</summary>
    internal bool HasEnded { get; private set; }

    /// <summary>The peer waits to be told that it may send, and has not been told.</summary>
    internal bool AwaitsInvitation => _mustInvite && !HasEnded;

    internal void Begin(RequestParser head)
    {
        _left = head.ContentLength ?? 0;
        _isChunked = _isFirstChunk = head.IsChunked;
        HasEnded = !_isChunked && _left == 0;
        _mustInvite = head.ExpectsContinue && !head.IsVersion10;
        _total = _extensions = 0;
        _deadline = Environment.TickCount64 + (long)limits.BodyTimeout.TotalMilliseconds;
    }

    /// <summary>Reads what there is, at least one byte, and parks for it.</summary>
    /// <returns>0 at the end.</returns>
    /// <exception cref="BadRequestException">It is malformed, too large, too slow, or cut off.</exception>
    internal int Read(Span<byte> buffer)
    {
        if (HasEnded || buffer.IsEmpty)
            return 0;
        if (_left == 0 && !BeginChunk())
        {
            HasEnded = true;
            return 0;
        }
        buffer = buffer[..(int)Math.Min(buffer.Length, _left)];
        int count;
        if (input.IsEmpty)
        {
            count = Receive(buffer);
        }
        else
        {
            count = Math.Min(buffer.Length, input.Unread.Length);
            input.Unread[..count].CopyTo(buffer);
            input.Advance(count);
        }
        _left -= count;
        HasEnded = _left == 0 && !_isChunked;
        return count;
    }

    /// <summary>Reads to the end if that is not far. Parks.</summary>
    /// <returns>False if it is.</returns>
    internal bool TrySkip(int most)
    {
        Span<byte> buffer = stackalloc byte[512];
        while (!HasEnded && most > 0)
            most -= Read(buffer);
        return HasEnded;
    }

    /// <summary>Returns false if it was the last one.</summary>
    private bool BeginChunk()
    {
        if (!_isFirstChunk)
        {
            if (!ReadLine(0).IsEmpty)
                throw new BadRequestException(400, "a chunk is longer than it says");
            EndLine(0);
        }
        _isFirstChunk = false;
        ReadOnlySpan<byte> line = ReadLine(MaximumChunkLine);
        int length = line.Length;
        // Eight digits are more than any limit.
        if (!Utf8Parser.TryParse(line, out uint size, out int digits, 'x') || digits > 8)
            throw new BadRequestException(400, "the size of a chunk is malformed");
        if (digits < length && (line[digits] != ';' || !HttpSyntax.IsFieldValue(line[digits..])))
            throw new BadRequestException(400, "the extension of a chunk is malformed");
        if ((_extensions += length - digits) > MaximumExtensions)
            throw new BadRequestException(400, "too many extensions of chunks");
        EndLine(length);
        _left = size;
        if ((_total += size) > limits.MaximumBody)
            throw new BadRequestException(413, "the body is too large");
        if (size == 0)
            SkipTrailers();
        return size > 0;
    }

    private void SkipTrailers()
    {
        int left = limits.MaximumHeaders;
        while (true)
        {
            ReadOnlySpan<byte> line = ReadLine(left);
            int length = line.Length;
            if (length > 0 && !HttpSyntax.TryParseField(line, out _, out _))
                throw new BadRequestException(400, "a trailer is malformed");
            EndLine(length);
            if (length == 0)
                return;
            left -= length;
        }
    }

    /// <summary>The next line without its end; it is still there afterwards.</summary>
    private ReadOnlySpan<byte> ReadLine(int most)
    {
        int scanned = 0;
        while (true)
        {
            int end = input.Unread[scanned..].IndexOf((byte)'\n');
            if (end >= 0)
            {
                end += scanned;
                if (end == 0 || input.Unread[end - 1] != '\r')
                    throw new BadRequestException(400, "a line of the body does not end with CR LF");
                if (end - 1 > most)
                    break;
                return input.Unread[..(end - 1)];
            }
            scanned = input.Unread.Length;
            if (scanned > most + 1)
                break;
            Fill();
        }
        throw new BadRequestException(400, "a line of the body is too long");
    }

    private void EndLine(int length) => input.Advance(length + 2);

    private void Fill()
    {
        Invite();
        SetTimeout();
        if (!input.Fill())
            throw new BadRequestException(400, "the body is cut off");
    }

    private int Receive(Span<byte> buffer)
    {
        Invite();
        SetTimeout();
        int count = stream.Read(buffer);
        return count > 0 ? count : throw new BadRequestException(400, "the body is cut off");
    }

    private void Invite()
    {
        if (!_mustInvite)
            return;
        _mustInvite = false;
        if (!input.IsEmpty)
            return; // It did not wait.
        output.Write("HTTP/1.1 100 Continue\r\n\r\n"u8);
        output.Flush();
    }

    private void SetTimeout()
    {
        long left = _deadline - Environment.TickCount64;
        stream.ReadTimeout = left > 0 ? (int)left : throw new BadRequestException(408, "the body comes too slowly");
    }
}
