using System.Net;
using System.Net.Sockets;

namespace GreenThreads.Tests;

/// <summary>Accepts of a green thread that is cancelled.</summary>
public sealed class AcceptCancellationTests
{
    private const int Clients = 200;
    private const int AcceptedBeforeCancel = 10;

    // The acceptor need not wait for a connection; the end of its budget of operations tells it.
    [Fact]
    public void A_connection_whose_accept_is_cancelled_is_for_the_next_one()
    {
        using var listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var clients = new List<Socket>();
        for (int i = 0; i < Clients; i++)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(listener.LocalEndPoint);
            clients.Add(client);
        }
        var accepted = new List<GreenTcpStream>();
        GreenThread acceptor = GreenThread.Spawn(() =>
        {
            while (true)
            {
                if (accepted.Count == AcceptedBeforeCancel)
                    GreenThread.Current!.Cancel();
                accepted.Add(listener.Accept());
            }
        });
        Assert.Throws<GreenThreadCanceledException>(acceptor.Join);
        Assert.InRange(accepted.Count, AcceptedBeforeCancel, Clients - 1);
        foreach (GreenTcpStream stream in accepted)
            stream.Dispose();
        for (int i = accepted.Count; i < Clients; i++)
            listener.Accept(TimeLimit.Generous).Dispose();
        Assert.Throws<TimeoutException>(() => listener.Accept(TimeSpan.Zero));
        foreach (Socket client in clients)
            client.Dispose();
    }
}
