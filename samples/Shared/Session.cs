using System.Net.Sockets;

namespace GreenThreads.Samples;

/// <summary>A connection of a <see cref="TcpServer"/>, which makes one object for each and runs <see cref="Serve"/> on a green thread of its own.</summary>
internal abstract class Session(GreenTcpStream stream)
{
    /// <summary>Disposed of by the server when <see cref="Serve"/> has returned.</summary>
    internal GreenTcpStream Stream => stream;

    /// <summary>Talks to the peer until there is nothing more to say. An <see cref="IOException"/> that leaves it means that the peer has gone or was too slow.</summary>
    internal abstract void Serve();

    /// <summary>
    /// The server is to end, and so should the session before long. Any thread. Unless a session knows better, its reads find the end of the stream after what has come
    /// already: it answers that, and takes the way that it takes when a peer says no more.
    /// </summary>
    internal virtual void Stop() => Stream.Shutdown(SocketShutdown.Receive);
}
