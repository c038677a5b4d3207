using System.Text;

namespace GreenThreads.Samples.Http;

/// <summary>The answer. It is collected, and sent when nothing more is to be answered, when there is much of it, or at a <see cref="Flush"/>.</summary>
internal sealed class HttpResponse(OutputBuffer output)
{
    private HttpRequest? _request;
    private bool _isHead;
    private bool _isChunked;
    private long? _left;

    internal bool HasBegun { get; private set; }

    /// <summary>Whether the connection goes on after this answer.</summary>
    internal bool KeepsAlive { get; private set; }

    /// <param name="request">What is answered; null if that could not even be parsed.</param>
    /// <param name="keepsAlive">Whether the connection may go on.</param>
    internal void Begin(HttpRequest? request, bool keepsAlive)
    {
        _request = request;
        _isHead = request?.IsHead ?? false;
        KeepsAlive = keepsAlive;
        HasBegun = false;
    }

    /// <summary>An answer that is there as a whole.</summary>
    internal void Send(int status, ReadOnlySpan<byte> contentType, ReadOnlySpan<byte> body, ReadOnlySpan<byte> furtherHeaders = default)
    {
        SendHead(status, contentType, body.Length, furtherHeaders);
        Write(body);
    }

    /// <inheritdoc cref="Send(int, ReadOnlySpan{byte}, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>
    internal void SendText(int status, string text, ReadOnlySpan<byte> furtherHeaders = default) =>
        Send(status, "text/plain"u8, Encoding.UTF8.GetBytes(text + '\n'), furtherHeaders);

    /// <summary>The beginning of an answer.</summary>
    /// <param name="status">Its status.</param>
    /// <param name="contentType">What the body is.</param>
    /// <param name="length">Its length; null if that is not known: then it is chunked, or to HTTP/1.0 ends with the connection.</param>
    /// <param name="furtherHeaders">Whole lines with their ends.</param>
    internal void SendHead(int status, ReadOnlySpan<byte> contentType, long? length, ReadOnlySpan<byte> furtherHeaders = default)
    {
        if (HasBegun)
            throw new InvalidOperationException("the answer has begun already");
        HasBegun = true;
        // Whoever waits to be told that it may send, and is not, may or may not send: where the next request begins cannot be known.
        KeepsAlive &= _request is { Body.AwaitsInvitation: false };
        bool isVersion10 = _request is { IsVersion10: true };
        _isChunked = length is null && !isVersion10;
        _left = length;
        KeepsAlive &= length is not null || _isChunked;

        output.Write("HTTP/1.1 "u8);
        output.Write(HttpStatus.Line(status));
        output.Write("\r\nServer: GreenThreads\r\n"u8);
        output.Write(DateHeader.Line);
        output.Write("Content-Type: "u8);
        output.Write(contentType);
        if (length is { } known)
        {
            output.Write("\r\nContent-Length: "u8);
            output.Write(known);
        }
        else if (_isChunked)
        {
            output.Write("\r\nTransfer-Encoding: chunked"u8);
        }
        if (!KeepsAlive)
            output.Write("\r\nConnection: close"u8);
        else if (isVersion10)
            output.Write("\r\nConnection: keep-alive"u8);
        output.Write("\r\n"u8);
        output.Write(furtherHeaders);
        output.Write("\r\n"u8);
    }

    /// <summary>A part of the body. Parks if there is much to send and the peer does not read.</summary>
    internal void Write(ReadOnlySpan<byte> data)
    {
        if (data.Length > _left)
            throw new InvalidOperationException("the body is longer than was said");
        _left -= data.Length;
        if (_isHead || data.IsEmpty)
            return;
        if (!_isChunked)
        {
            output.Write(data);
            return;
        }
        output.Write(data.Length, 'x');
        output.Write("\r\n"u8);
        output.Write(data);
        output.Write("\r\n"u8);
    }

    /// <summary>Sends what there is so far. Parks.</summary>
    internal void Flush() => output.Flush();

    /// <summary>The handler has returned.</summary>
    /// <returns>False if the answer is not whole, so that the connection must end.</returns>
    internal bool End()
    {
        if (!HasBegun)
            SendText(500, "there was no answer");
        if (_isHead)
            return true;
        if (_isChunked)
            output.Write("0\r\n\r\n"u8);
        return _left is null or 0;
    }
}
