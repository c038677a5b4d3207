namespace GreenThreads.Samples.Http;

/// <summary>A connection: requests one after the other, as long as both sides want. All of it in blocking style, on one green thread.</summary>
internal sealed class HttpConnection : IDisposable
{
    // What a handler has left of a body is read, if it is not more than this, so that the connection can go on.
    private const int MaximumSkipped = 64 * 1024;

    private readonly Stream _stream;
    private readonly HttpLimits _limits;
    private readonly Action<HttpRequest, HttpResponse> _handler;
    private readonly InputBuffer _input;
    private readonly OutputBuffer _output;
    private readonly RequestParser _parser;
    private readonly HttpRequest _request;
    private readonly HttpResponse _response;

    // Who says that it is idle looks next whether it is to stop; who tells it to stop looks next whether it is idle.
    private volatile bool _isIdle;
    private volatile bool _isStopping;
    private bool _isAnswering;

    /// <param name="stream">The connection.</param>
    /// <param name="limits">What the peer may do.</param>
    /// <param name="handler">Answers a request. What it throws is answered with 500.</param>
    internal HttpConnection(Stream stream, HttpLimits limits, Action<HttpRequest, HttpResponse> handler)
    {
        _stream = stream;
        _limits = limits;
        _handler = handler;
        _input = new InputBuffer(stream);
        _output = new OutputBuffer(stream);
        _parser = new RequestParser(limits);
        _request = new HttpRequest(_input, _parser, new RequestBody(_input, stream, _output, limits));
        _response = new HttpResponse(_output);
        stream.WriteTimeout = (int)limits.WriteTimeout.TotalMilliseconds;
    }

    /// <summary>Serves the connection until either side wants to end it.</summary>
    /// <exception cref="IOException">The peer has gone, or was too slow.</exception>
    internal void Serve()
    {
        try
        {
            while (ReadHead() && Answer())
            {
            }
        }
        catch (BadRequestException exception)
        {
            Refuse(exception.Status, exception.Message);
        }
        _output.Flush();
    }

    /// <summary>No further request after the one that is being answered, if one is. Any thread.</summary>
    /// <returns>Whether the connection waits for a request, so that somebody must wake it.</returns>
    internal bool Stop()
    {
        _isStopping = true;
        Interlocked.MemoryBarrier();
        return _isIdle;
    }

    public void Dispose() => _output.Dispose();

    /// <summary>Returns false if there is no further request.</summary>
    private bool ReadHead()
    {
        _parser.Reset();
        if (_input.IsEmpty && !WaitForRequest())
            return false;
        long deadline = 0;
        int length;
        while ((length = _parser.Parse(_input.Request)) == 0)
        {
            deadline = deadline == 0 ? Environment.TickCount64 + (long)_limits.HeaderTimeout.TotalMilliseconds : deadline;
            _output.Flush(); // Nothing more to answer at the moment.
            long left = deadline - Environment.TickCount64;
            if (left <= 0)
                throw new BadRequestException(408, "the headers come too slowly");
            _stream.ReadTimeout = (int)left;
            try
            {
                if (!_input.Fill())
                    return false;
            }
            catch (IOException exception) when (exception.InnerException is TimeoutException)
            {
                throw new BadRequestException(408, "the headers come too slowly");
            }
        }
        _input.EndHead(length);
        return true;
    }

    private bool WaitForRequest()
    {
        _output.Flush();
        _isIdle = true;
        Interlocked.MemoryBarrier();
        if (_isStopping)
            return false;
        _stream.ReadTimeout = (int)_limits.IdleTimeout.TotalMilliseconds;
        try
        {
            return _input.Fill();
        }
        catch (IOException exception) when (exception.InnerException is TimeoutException)
        {
            return false;
        }
        finally
        {
            _isIdle = false;
        }
    }

    /// <summary>Returns false if the connection is to end.</summary>
    private bool Answer()
    {
        _isAnswering = true;
        _request.Body.Begin(_parser);
        _response.Begin(_request, _request.KeepsAlive && !_isStopping);
        try
        {
            _handler(_request, _response);
        }
        catch (IOException exception) when (exception.InnerException is TimeoutException && !_response.HasBegun)
        {
            throw new BadRequestException(408, "the body comes too slowly");
        }
        catch (Exception exception) when (exception is not (BadRequestException or IOException or GreenThreadCanceledException))
        {
            Console.Error.WriteLine($"a handler failed: {exception}");
            if (_response.HasBegun)
                return false; // The peer sees that the answer is cut off.
            Refuse(500, "the handler failed");
            return false;
        }
        bool goesOn = _response.End() && _response.KeepsAlive && _request.Body.TrySkip(MaximumSkipped);
        _input.EndRequest();
        _isAnswering = false;
        return goesOn;
    }

    private void Refuse(int status, string reason)
    {
        if (_isAnswering && _response.HasBegun)
            return; // What is wrong came to light too late: the peer sees that the answer is cut off.
        _response.Begin(null, keepsAlive: false);
        _response.SendText(status, reason);
        _response.End();
    }
}
