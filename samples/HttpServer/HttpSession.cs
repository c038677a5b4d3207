using System.Net.Sockets;

namespace GreenThreads.Samples.Http;

/// <summary>A connection of the server.</summary>
internal sealed class HttpSession : Session
{
    private const int LingerMilliseconds = 1000;
    private const int LingerReads = 64;

    private readonly HttpConnection _connection;

    internal HttpSession(GreenTcpStream stream, HttpLimits limits)
        : base(stream) => _connection = new HttpConnection(stream, limits, Endpoints.Answer);

    internal override void Serve()
    {
        using (_connection)
            _connection.Serve();
        Linger();
    }

    internal override void Stop()
    {
        if (_connection.Stop())
            base.Stop();
    }

    // Closing while something of the peer's lies unread would reset the connection, and the peer might never see the answer that says what was wrong:
    // RFC 9112, section 9.6.
    private void Linger()
    {
        Stream.Shutdown(SocketShutdown.Send);
        Stream.ReadTimeout = LingerMilliseconds;
        Span<byte> rest = stackalloc byte[1024];
        for (int i = 0; i < LingerReads && Stream.Read(rest) > 0; i++)
        {
        }
    }
}
