using System.Net;
using System.Net.Sockets;

namespace GreenThreads.Tests;

/// <summary>Accepts in a group that is shut down.</summary>
public sealed class AcceptCancellationTests
{
    private const int Clients = 200;

    // The budget of operations lets the green thread yield, and learn that it is cancelled, in an accept that would not have to wait.
    [SwitchedFact]
    public void A_connection_whose_accept_is_cancelled_is_for_the_next_one()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "accept" });
        using var listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var clients = new List<Socket>();
        for (int i = 0; i < Clients; i++)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(listener.LocalEndPoint);
            clients.Add(client);
        }
        using var hasYielded = new ManualResetEventSlim();
        var accepted = new List<GreenTcpStream>();
        GreenThread acceptor = group.Spawn(() =>
        {
            GreenThread.Spawn(() =>
            {
                hasYielded.Set();
                while (!group.IsCanceling)
                    Thread.SpinWait(100);
            });
            while (true)
                accepted.Add(listener.Accept());
        });
        Assert.True(hasYielded.Wait(TimeLimit.Generous));
        group.Shutdown(TimeSpan.Zero);

        Assert.Throws<GreenThreadCanceledException>(acceptor.Join);
        Assert.InRange(accepted.Count, 1, Clients - 1);
        foreach (GreenTcpStream stream in accepted)
            stream.Dispose();
        for (int i = accepted.Count; i < Clients; i++)
            listener.Accept(TimeLimit.Generous).Dispose();
        Assert.Throws<TimeoutException>(() => listener.Accept(TimeSpan.Zero));
        foreach (Socket client in clients)
            client.Dispose();
    }
}
