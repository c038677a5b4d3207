using System.Net;
using System.Net.Sockets;
using static GreenThreads.Tests.WaitCounters;

namespace GreenThreads.Tests;

/// <summary>Stock sockets whose synchronous calls park: one scheduler and no spare ones, so that whoever blocks its OS thread stops the test.</summary>
public sealed class AdoptTests
{
    private static readonly IPEndPoint s_loopback = new(IPAddress.Loopback, 0);

    [Fact]
    public void Hundreds_of_adopted_connections_share_an_OS_thread()
    {
        const int connections = 200, messages = 5;
        using SchedulerGroup group = NewGroup();
        using Socket listener = Listen();
        Party server = Party.OnGreenThread(group, () =>
        {
            var sessions = new List<GreenThread>();
            for (int i = 0; i < connections; i++)
            {
                Socket accepted = GreenThread.Adopt(listener.Accept());
                sessions.Add(GreenThread.Spawn(() =>
                {
                    using (accepted)
                    {
                        byte[] buffer = new byte[64];
                        for (int count; (count = accepted.Receive(buffer)) > 0;)
                            accepted.Send(buffer.AsSpan(0, count));
                    }
                }));
            }
            foreach (GreenThread session in sessions)
                session.Join();
        });
        Party[] clients = [.. Enumerable.Range(0, connections).Select(i => Party.OnGreenThread(group, () =>
        {
            using var client = new TcpClient(AddressFamily.InterNetwork);
            GreenThread.Adopt(client.Client);
            client.Connect((IPEndPoint)listener.LocalEndPoint!);
            NetworkStream stream = client.GetStream();
            for (int message = 0; message < messages; message++)
            {
                stream.WriteByte((byte)(i + message));
                Assert.Equal((byte)(i + message), stream.ReadByte());
            }
        }))];
        foreach (Party client in clients)
            client.Join();
        server.Join();
    }

    [Fact]
    public void A_write_that_finds_no_room_parks()
    {
        using SchedulerGroup group = NewGroup();
        (Socket one, Socket other) = Connect();
        byte[] data = new byte[8 << 20];
        new Random(1).NextBytes(data);
        Party writer = Party.OnGreenThread(group, () =>
        {
            Assert.Equal(data.Length, one.Send(data));
            one.Shutdown(SocketShutdown.Send);
        });
        AwaitWaiting(writer);
        byte[] received = new byte[data.Length];
        Party.OnGreenThread(group, () => new NetworkStream(other).ReadExactly(received)).Join();
        writer.Join();
        Assert.Equal(data, received);
        one.Dispose();
        other.Dispose();
    }

    [Fact]
    public void A_file_that_finds_no_room_parks()
    {
        using SchedulerGroup group = NewGroup();
        (Socket one, Socket other) = Connect();
        string path = Path.GetTempFileName();
        byte[] data = new byte[8 << 20];
        new Random(2).NextBytes(data);
        File.WriteAllBytes(path, data);
        try
        {
            Party writer = Party.OnGreenThread(group, () => one.SendFile(path));
            AwaitWaiting(writer);
            byte[] received = new byte[data.Length];
            Party.OnGreenThread(group, () => new NetworkStream(other).ReadExactly(received)).Join();
            writer.Join();
            Assert.Equal(data, received);
        }
        finally
        {
            File.Delete(path);
            one.Dispose();
            other.Dispose();
        }
    }

    [Fact]
    public void Datagrams_are_waited_for_too()
    {
        using SchedulerGroup group = NewGroup();
        using Socket one = GreenThread.Adopt(new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        using Socket other = GreenThread.Adopt(new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        one.Bind(s_loopback);
        other.Bind(s_loopback);
        Party receiver = Party.OnGreenThread(group, () =>
        {
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            byte[] buffer = new byte[8];
            Assert.Equal(3, one.ReceiveFrom(buffer, ref from));
            one.SendTo(buffer.AsSpan(0, 3), from);
        });
        AwaitWaiting(receiver);
        Party.OnGreenThread(group, () =>
        {
            other.SendTo([1, 2, 3], one.LocalEndPoint!);
            byte[] buffer = new byte[8];
            Assert.Equal(3, other.Receive(buffer));
            Assert.Equal([1, 2, 3], buffer[..3]);
        }).Join();
        receiver.Join();
    }

    [Fact]
    public void Unix_sockets_are_waited_for_too()
    {
        using SchedulerGroup group = NewGroup();
        string path = Path.Combine(Path.GetTempPath(), $"greenthreads-{Guid.NewGuid():N}");
        using Socket listener = GreenThread.Adopt(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        Party server = Party.OnGreenThread(group, () =>
        {
            using Socket accepted = GreenThread.Adopt(listener.Accept());
            byte[] buffer = new byte[1];
            Assert.Equal(1, accepted.Receive(buffer));
            accepted.Send(buffer);
        });
        AwaitWaiting(server);
        Party.OnGreenThread(group, () =>
        {
            using Socket client = GreenThread.Adopt(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
            client.Connect(new UnixDomainSocketEndPoint(path));
            client.Send([9]);
            byte[] buffer = new byte[1];
            Assert.Equal(1, client.Receive(buffer));
            Assert.Equal(9, buffer[0]);
        }).Join();
        server.Join();
        File.Delete(path);
    }

    [Fact]
    public void A_receive_that_is_out_of_time_says_so_and_the_socket_goes_on()
    {
        using SchedulerGroup group = NewGroup();
        (Socket one, Socket other) = Connect();
        Party.OnGreenThread(group, () =>
        {
            one.ReceiveTimeout = 20;
            byte[] buffer = new byte[1];
            Assert.Equal(SocketError.TimedOut, Assert.Throws<SocketException>(() => one.Receive(buffer)).SocketErrorCode);
            one.ReceiveTimeout = 0;
            other.Send([5]);
            Assert.Equal(1, one.Receive(buffer));
            Assert.Equal(5, buffer[0]);
        }).Join();
        one.Dispose();
        other.Dispose();
    }

    [SwitchedFact]
    public void Closing_a_socket_ends_the_waits_for_it()
    {
        using SchedulerGroup group = NewGroup();
        (Socket one, Socket other) = Connect();
        Socket listener = Listen();
        Party receiver = Party.OnGreenThread(group, () => Assert.Throws<SocketException>(() => one.Receive(new byte[1])));
        Party acceptor = Party.OnGreenThread(group, () => Assert.Throws<SocketException>(() => listener.Accept()));
        receiver.AwaitWaiting();
        acceptor.AwaitWaiting();
        Party.OnGreenThread(group, () =>
        {
            one.Dispose();
            listener.Dispose();
        }).Join();
        receiver.Join();
        acceptor.Join();
        other.Dispose();
    }

    [SwitchedFact]
    public void The_end_of_a_group_ends_the_waits_for_sockets()
    {
        SchedulerGroup group = NewGroup();
        (Socket one, Socket other) = Connect();
        Party receiver = Party.OnGreenThread(group, () =>
        {
            using (one)
                one.Receive(stackalloc byte[8]);
        });
        receiver.AwaitWaiting();
        group.Dispose();
        Assert.Throws<GreenThreadCanceledException>(receiver.Join);
        // Its socket is closed, which the other end sees.
        Exception? failure = Record.Exception(() => Assert.Equal(0, other.Receive(new byte[1])));
        Assert.True(failure is null or SocketException, $"{failure}");
        other.Dispose();
    }

    [Fact]
    public void Adopting_gives_back_the_socket_in_its_mode()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Same(socket, GreenThread.Adopt(socket));
        Assert.True(socket.Blocking);
        socket.Blocking = false;
        Assert.Same(socket, GreenThread.Adopt(socket));
        Assert.False(socket.Blocking);
        Assert.Throws<ArgumentNullException>(() => GreenThread.Adopt(null!));
    }

    [Fact]
    public void An_adopted_socket_can_still_connect_to_a_name_of_several_addresses()
    {
        using Socket listener = Listen();
        using Socket socket = GreenThread.Adopt(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        // Nobody listens at the first.
        socket.Connect([IPAddress.Parse("127.0.0.2"), IPAddress.Loopback], ((IPEndPoint)listener.LocalEndPoint!).Port);
        Assert.True(socket.Connected);
    }

    // Why it must be done at all.
    [SwitchedFact]
    public void A_socket_that_nobody_has_adopted_blocks_its_OS_thread()
    {
        using SchedulerGroup group = NewGroup();
        (Socket one, Socket other) = Connect(adopt: false);
        Party receiver = Party.OnGreenThread(group, () => one.Receive(new byte[1]));
        Eventually(() => group.Snapshot().Schedulers[0].StuckInNativeCode > 0, "it does not block");
        GreenThread bystander = group.Spawn(static () => { });
        Assert.False(bystander.Join(TimeSpan.FromMilliseconds(20)));
        other.Send([1]);
        receiver.Join();
        Assert.True(bystander.Join(TimeLimit.Generous));
        one.Dispose();
        other.Dispose();
    }

    // In bound mode it waits in the kernel, which nobody can see from outside.
    private static void AwaitWaiting(Party party)
    {
        if (GreenRuntime.Mode == GreenRuntimeMode.Switched)
            party.AwaitWaiting();
    }

    private static Socket Listen()
    {
        Socket listener = GreenThread.Adopt(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(s_loopback);
        listener.Listen(512);
        return listener;
    }

    private static (Socket One, Socket Other) Connect(bool adopt = true)
    {
        using Socket listener = Listen();
        var one = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        one.Connect(listener.LocalEndPoint!);
        Socket other = listener.Accept();
        if (adopt)
        {
            GreenThread.Adopt(one);
            GreenThread.Adopt(other);
        }
        return (one, other);
    }
}
