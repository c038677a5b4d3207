using System.Net;

namespace GreenThreads.Tests;

/// <summary>Both ends of a TCP connection over the loopback address.</summary>
internal sealed class Connection : IDisposable
{
    internal Connection(IPAddress? address = null)
    {
        using GreenTcpListener listener = GreenTcpListener.Listen(new IPEndPoint(address ?? IPAddress.Loopback, 0));
        Client = GreenTcpStream.Connect(listener.LocalEndPoint);
        Server = listener.Accept();
    }

    internal GreenTcpStream Client { get; }

    internal GreenTcpStream Server { get; }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }
}
