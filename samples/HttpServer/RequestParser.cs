namespace GreenThreads.Samples.Http;

// RFC 9112, sections 2 to 6, line by line as the bytes come: each byte is looked at once, however slowly they drip. Everything that two servers in a row might read
// differently is refused rather than repaired, because that is how one request is smuggled inside of another: a line end without CR, a CR without line end, a
// continued line, a space before the colon, two lengths, a length beside chunks, a coding that is not just "chunked", a second Host.

/// <summary>The head of one request at a time. It remembers places only; the bytes stay in the <see cref="InputBuffer"/>.</summary>
internal sealed class RequestParser(HttpLimits limits)
{
    private readonly HeaderPlace[] _headers = new HeaderPlace[limits.MaximumHeaderCount];
    private int _scanned;
    private int _lineStart;
    private int _headersStart;
    private bool _hasRequestLine;
    private bool _hasHost;
    private bool _hasConnectionClose;
    private bool _hasKeepAlive;

    internal Place Method { get; private set; }

    internal Place Path { get; private set; }

    internal Place Query { get; private set; }

    /// <summary>HTTP/1.0. Anything later is taken as HTTP/1.1.</summary>
    internal bool IsVersion10 { get; private set; }

    internal int HeaderCount { get; private set; }

    /// <summary>Of the body; null if there was no such header.</summary>
    internal long? ContentLength { get; private set; }

    internal bool IsChunked { get; private set; }

    internal bool ExpectsContinue { get; private set; }

    /// <summary>Whether the peer wants to go on after this request.</summary>
    internal bool KeepsAlive => !_hasConnectionClose && (!IsVersion10 || _hasKeepAlive);

    internal HeaderPlace Header(int index) => _headers[index];

    /// <summary>Forgets the last request.</summary>
    internal void Reset()
    {
        _scanned = _lineStart = _headersStart = HeaderCount = 0;
        _hasRequestLine = _hasHost = _hasConnectionClose = _hasKeepAlive = IsVersion10 = IsChunked = ExpectsContinue = false;
        ContentLength = null;
        Query = default;
    }

    /// <summary>Goes on with all that has come so far, from the beginning of the request.</summary>
    /// <returns>How long the head is; 0 if it has not come to its end.</returns>
    /// <exception cref="BadRequestException">This is not a request, or one that is beyond the limits.</exception>
    internal int Parse(ReadOnlySpan<byte> data)
    {
        while (true)
        {
            int end = data[_scanned..].IndexOf((byte)'\n');
            CheckLength(data[_lineStart..(end < 0 ? data.Length : _scanned + end)].TrimEnd((byte)'\r').Length);
            if (end < 0)
            {
                _scanned = data.Length;
                return 0;
            }
            end += _scanned;
            _scanned = end + 1;
            if (end == _lineStart || data[end - 1] != '\r')
                throw new BadRequestException(400, "a line does not end with CR LF");
            if (EndsWith(data, new Place(_lineStart, end - 1 - _lineStart)))
                return _scanned;
            _lineStart = _scanned;
        }
    }

    private void CheckLength(int lineLength)
    {
        if (!_hasRequestLine)
        {
            if (lineLength > limits.MaximumRequestLine)
                throw new BadRequestException(414, "the request line is too long");
        }
        else if (_lineStart - _headersStart + lineLength > limits.MaximumHeaders)
        {
            throw new BadRequestException(431, "the headers are too long");
        }
    }

    /// <summary>Returns whether this was the line that ends the head.</summary>
    private bool EndsWith(ReadOnlySpan<byte> data, Place line)
    {
        if (!_hasRequestLine)
        {
            // One empty line before a request is forgiven: old clients send it after a body.
            if (line.Length == 0 && line.Start == 0)
                return false;
            ParseRequestLine(line.In(data), line.Start);
            _hasRequestLine = true;
            _headersStart = _scanned;
            return false;
        }
        if (line.Length > 0)
        {
            ParseHeader(line.In(data), line.Start);
            return false;
        }
        CheckHead();
        return true;
    }

    private void ParseRequestLine(ReadOnlySpan<byte> line, int start)
    {
        int methodEnd = line.IndexOf((byte)' ');
        int targetEnd = line.LastIndexOf((byte)' ');
        if (methodEnd < 0 || methodEnd == targetEnd)
            throw new BadRequestException(400, "the request line does not have three parts");
        if (!HttpSyntax.IsToken(line[..methodEnd]))
            throw new BadRequestException(400, "the method is malformed");
        Method = new Place(start, methodEnd);
        ParseVersion(line[(targetEnd + 1)..]);
        ReadOnlySpan<byte> target = line[(methodEnd + 1)..targetEnd];
        if (!HttpSyntax.IsTarget(target))
            throw new BadRequestException(400, "the target is malformed");
        ParseTarget(target, start + methodEnd + 1, isOptions: line[..methodEnd].SequenceEqual("OPTIONS"u8));
    }

    private void ParseVersion(ReadOnlySpan<byte> version)
    {
        if (version is not [(byte)'H', (byte)'T', (byte)'T', (byte)'P', (byte)'/', >= (byte)'0' and <= (byte)'9', (byte)'.', >= (byte)'0' and <= (byte)'9'])
            throw new BadRequestException(400, "the version is malformed");
        if (version[5] != '1')
            throw new BadRequestException(505, "only HTTP/1 is spoken here");
        IsVersion10 = version[7] == '0';
    }

    private void ParseTarget(ReadOnlySpan<byte> target, int start, bool isOptions)
    {
        if (target[0] != '/')
        {
            // To a proxy, and every server must understand it: scheme, authority, then the path.
            ReadOnlySpan<byte> scheme = "http://"u8;
            if (target.Length > scheme.Length && HttpSyntax.EqualsIgnoreCase(target[..scheme.Length], scheme))
            {
                int slash = target[scheme.Length..].IndexOf((byte)'/');
                if (slash <= 0 || !HttpSyntax.IsHost(target.Slice(scheme.Length, slash)))
                    throw new BadRequestException(400, "the target has no host or no path");
                start += scheme.Length + slash;
                target = target[(scheme.Length + slash)..];
            }
            else if (!isOptions || target is not [(byte)'*'])
            {
                throw new BadRequestException(400, "the target is neither a path nor a URL");
            }
        }
        int question = target.IndexOf((byte)'?');
        Path = new Place(start, question < 0 ? target.Length : question);
        Query = question < 0 ? default : new Place(start + question + 1, target.Length - question - 1);
    }

    private void ParseHeader(ReadOnlySpan<byte> line, int start)
    {
        if (!HttpSyntax.TryParseField(line, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value))
            throw new BadRequestException(400, "a header is malformed");
        if (HeaderCount == limits.MaximumHeaderCount)
            throw new BadRequestException(431, "there are too many headers");
        line.Overlaps(value, out int valueStart);
        _headers[HeaderCount++] = new HeaderPlace(new Place(start, name.Length), new Place(start + valueStart, value.Length));
        switch (name.Length)
        {
            case 4 when HttpSyntax.EqualsIgnoreCase(name, "Host"u8):
                if (_hasHost || !HttpSyntax.IsHost(value))
                    throw new BadRequestException(400, "Host is malformed or there twice");
                _hasHost = true;
                break;
            case 6 when HttpSyntax.EqualsIgnoreCase(name, "Expect"u8):
                if (!HttpSyntax.EqualsIgnoreCase(value, "100-continue"u8))
                    throw new BadRequestException(417, "only 100-continue can be expected");
                ExpectsContinue = true;
                break;
            case 10 when HttpSyntax.EqualsIgnoreCase(name, "Connection"u8):
                ParseConnection(value);
                break;
            case 14 when HttpSyntax.EqualsIgnoreCase(name, "Content-Length"u8):
                ParseContentLength(value);
                break;
            case 17 when HttpSyntax.EqualsIgnoreCase(name, "Transfer-Encoding"u8):
                if (IsChunked)
                    throw new BadRequestException(400, "Transfer-Encoding is there twice");
                if (!HttpSyntax.EqualsIgnoreCase(value, "chunked"u8))
                    throw new BadRequestException(501, "no transfer coding but chunked is understood");
                IsChunked = true;
                break;
        }
    }

    private void ParseContentLength(ReadOnlySpan<byte> value)
    {
        if (ContentLength is not null)
            throw new BadRequestException(400, "Content-Length is there twice");
        if (!HttpSyntax.TryParseNumber(value, out long length))
        {
            bool isTooLarge = !value.IsEmpty && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9');
            throw isTooLarge ? new BadRequestException(413, "the body is too large") : new BadRequestException(400, "Content-Length is not a number");
        }
        ContentLength = length;
    }

    private void ParseConnection(ReadOnlySpan<byte> value)
    {
        foreach (Range range in value.Split((byte)','))
        {
            ReadOnlySpan<byte> option = HttpSyntax.Trim(value[range]);
            _hasConnectionClose |= HttpSyntax.EqualsIgnoreCase(option, "close"u8);
            _hasKeepAlive |= HttpSyntax.EqualsIgnoreCase(option, "keep-alive"u8);
        }
    }

    private void CheckHead()
    {
        if (!_hasHost && !IsVersion10)
            throw new BadRequestException(400, "there is no Host");
        if (IsChunked && (ContentLength is not null || IsVersion10))
            throw new BadRequestException(400, "Transfer-Encoding stands beside Content-Length, or in HTTP/1.0");
        if (ContentLength > limits.MaximumBody)
            throw new BadRequestException(413, "the body is too large");
    }
}

/// <summary>A part of the request, counted from its first byte.</summary>
internal readonly record struct Place(int Start, int Length)
{
    internal ReadOnlySpan<byte> In(ReadOnlySpan<byte> data) => data.Slice(Start, Length);
}

/// <summary>A header.</summary>
internal readonly record struct HeaderPlace(Place Name, Place Value);
