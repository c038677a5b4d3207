using System.Collections.Concurrent;
using System.Net;

namespace GreenThreads.Tour;

/// <summary>
/// An echo server in the style of a textbook: a loop that accepts, and for each connection a thread that reads and writes. No callbacks and no
/// async; what waits parks, so a thousand connections need no thousand OS threads.
/// </summary>
internal sealed class EchoServer : IDisposable
{
    private const int Backlog = 4096; // A load connects all at once.

    private readonly GreenTcpListener _listener;
    private readonly ConcurrentDictionary<GreenTcpStream, GreenThread?> _connections = new();
    private readonly GreenThread _acceptor;

    private EchoServer(GreenTcpListener listener)
    {
        _listener = listener;
        _acceptor = GreenThread.Spawn(AcceptAll, "acceptor");
    }

    internal IPEndPoint EndPoint => _listener.LocalEndPoint;

    /// <summary>Listens on 127.0.0.1; port 0 lets the kernel choose.</summary>
    internal static EchoServer Start(int port) => new(GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, port), Backlog));

    /// <summary>Stops to accept, closes what is open, and waits for all of its green threads.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        _acceptor.Join();
        foreach ((GreenTcpStream connection, GreenThread? thread) in _connections)
        {
            connection.Dispose();
            thread?.Join();
        }
    }

    private void AcceptAll()
    {
        try
        {
            while (true)
            {
                GreenTcpStream connection = _listener.Accept();
                _connections[connection] = null;
                GreenThread thread = GreenThread.Spawn(() => Serve(connection));
                _connections.TryUpdate(connection, thread, null); // Unless it has ended already.
            }
        }
        catch (ObjectDisposedException)
        {
            // The server stops.
        }
    }

    private void Serve(GreenTcpStream connection)
    {
        byte[] buffer = new byte[4096];
        try
        {
            using (connection)
            {
                int count;
                while ((count = connection.Read(buffer)) > 0)
                    connection.Write(buffer, 0, count);
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The peer has gone, or the server stops.
        }
        _connections.TryRemove(connection, out _);
    }
}
