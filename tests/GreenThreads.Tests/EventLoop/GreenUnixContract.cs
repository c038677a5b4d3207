using System.Net.Sockets;

namespace GreenThreads.Tests;

/// <summary><see cref="GreenUnixListener"/> and <see cref="GreenUnixStream"/>.</summary>
public abstract class GreenUnixContract : ThreadContract
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_connection_carries_bytes_both_ways(bool isAbstract) => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        string name = isAbstract ? UniqueName() : directory.PathOf("socket");
        using (var listener = GreenUnixListener.Listen(name))
        {
            Assert.Equal(name, listener.Name);
            using var client = GreenUnixStream.Connect(name);
            using GreenUnixStream server = listener.Accept();
            client.Write([1, 2, 3]);
            byte[] received = new byte[3];
            server.ReadExactly(received);
            Assert.Equal([1, 2, 3], received);
            Task reader = Start(() => Assert.Equal(4, client.ReadByte()));
            WaitUntilSomebodyWaits(client.Descriptor, WaitDirection.Read);
            server.WriteByte(4);
            Join(reader);
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, server.Read(received));
        }
        Assert.Empty(Directory.GetFiles(directory.FullName));
        SystemCallException failure = Assert.Throws<SystemCallException>(() => GreenUnixStream.Connect(name));
        Assert.Equal(isAbstract ? Errno.ECONNREFUSED : Errno.ENOENT, failure.Errno);
        Assert.Contains(name, failure.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void An_abstract_name_may_begin_with_a_zero() => Run(() =>
    {
        string name = UniqueName();
        using var listener = GreenUnixListener.Listen(name.Replace('@', '\0'));
        Assert.Equal(name, listener.Name);
        GreenUnixStream.Connect(name).Dispose();
        Assert.Equal(0, listener.Accept().Read(new byte[1]));
    });

    [Theory]
    [InlineData("@")]
    [InlineData("a\0b")]
    [InlineData("long")]
    public void A_name_that_cannot_be_is_refused(string name) => Run(() =>
    {
        if (name == "long")
            name = new string('x', 108);
        Assert.Throws<ArgumentException>(() => GreenUnixListener.Listen(name));
        Assert.Throws<ArgumentException>(() => GreenUnixStream.Connect(name));
    });

    [Fact]
    public void The_peer_is_known() => Run(() =>
    {
        using var listener = GreenUnixListener.Listen(UniqueName());
        using var client = GreenUnixStream.Connect(listener.Name);
        using GreenUnixStream server = listener.Accept();
        foreach (GreenUnixStream stream in (GreenUnixStream[])[client, server])
        {
            Assert.Equal(Environment.ProcessId, stream.PeerCredentials.ProcessId);
            Assert.Equal(OwnIds(), (stream.PeerCredentials.UserId, stream.PeerCredentials.GroupId));
        }
    });

    [Fact]
    public void A_pair_is_connected_and_a_peer_that_has_gone_is_told() => Run(() =>
    {
        (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
        one.WriteByte(1);
        Assert.Equal(1, other.ReadByte());
        other.WriteByte(2);
        Assert.Equal(2, one.ReadByte());
        Task reader = Start(() => Assert.Equal(-1, one.ReadByte()));
        WaitUntilSomebodyWaits(one.Descriptor, WaitDirection.Read);
        other.Dispose();
        Join(reader);
        Assert.Equal(Errno.EPIPE, Assert.Throws<SystemCallException>(() => one.WriteByte(0)).Errno);
        one.Dispose();
        Assert.Throws<ObjectDisposedException>(() => one.PeerCredentials);
    });

    [Fact]
    public void A_large_write_arrives_whole_and_Dispose_wakes_whoever_waits() => Run(() =>
    {
        (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
        byte[] sent = new byte[4 << 20];
        new Random(4).NextBytes(sent);
        Task writer = Start(() => one.Write(sent));
        WaitUntilSomebodyWaits(one.Descriptor, WaitDirection.Write);
        byte[] received = new byte[sent.Length];
        other.ReadExactly(received);
        Join(writer);
        Assert.True(received.AsSpan().SequenceEqual(sent));

        Task[] blocked =
        [
            Start(() => Assert.Throws<ObjectDisposedException>(() => one.ReadByte())),
            Start(() => Assert.Throws<ObjectDisposedException>(() => one.Write(new byte[64 << 20]))),
        ];
        WaitUntilSomebodyWaits(one.Descriptor, WaitDirection.Read);
        WaitUntilSomebodyWaits(one.Descriptor, WaitDirection.Write);
        one.Dispose();
        Join(blocked);
        other.Dispose();
    });

    [Fact]
    public void A_name_in_use_is_refused_and_what_a_dead_server_left_is_replaced_if_asked() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        string path = directory.PathOf("socket");
        using (var listener = GreenUnixListener.Listen(path))
        {
            foreach (bool replaceDead in (bool[])[false, true])
                Assert.Equal(Errno.EADDRINUSE, Assert.Throws<SystemCallException>(() => GreenUnixListener.Listen(path, replaceDead: replaceDead)).Errno);
            // As a server that is killed: the socket goes, the file stays.
            listener.Descriptor.Dispose();
            Assert.True(File.Exists(path));
            SystemCallException failure = Assert.Throws<SystemCallException>(() => GreenUnixListener.Listen(path));
            Assert.Contains("replaceDead", failure.Message, StringComparison.Ordinal);
            using var successor = GreenUnixListener.Listen(path, replaceDead: true);
            // Its file is not the one of the dead any more.
            listener.Dispose();
            GreenUnixStream.Connect(path).Dispose();
            successor.Accept().Dispose();
        }
        Assert.False(File.Exists(path));
        File.WriteAllText(path, "no socket");
        Assert.Equal(Errno.EADDRINUSE, Assert.Throws<SystemCallException>(() => GreenUnixListener.Listen(path, replaceDead: true)).Errno);
        Assert.Equal("no socket", File.ReadAllText(path));
    });

    [Fact]
    public void A_connect_waits_for_room_in_the_backlog() => Run(() =>
    {
        using var listener = GreenUnixListener.Listen(UniqueName(), backlog: 1);
        var waiting = new List<GreenUnixStream>();
        Assert.Throws<TimeoutException>(() =>
        {
            while (waiting.Count < 10)
                waiting.Add(GreenUnixStream.Connect(listener.Name, TimeSpan.FromMilliseconds(5)));
        });
        Task<GreenUnixStream> pending = GreenUnixStream.ConnectAsync(listener.Name).AsTask();
        GreenUnixStream? connected = null;
        Task connector = Start(() => connected = GreenUnixStream.Connect(listener.Name));
        for (int i = waiting.Count + 2; i > 0; i--)
            listener.Accept().Dispose();
        Join(connector, pending);
        waiting.ForEach(stream => stream.Dispose());
        connected!.Dispose();
        pending.Result.Dispose();
    });

    [Fact]
    public void Dispose_wakes_acceptors_and_an_accept_times_out() => Run(() =>
    {
        var listener = GreenUnixListener.Listen(UniqueName());
        Assert.Throws<TimeoutException>(() => listener.Accept(TimeSpan.FromMilliseconds(1)));
        Task acceptor = Start(() => Assert.Throws<ObjectDisposedException>(listener.Accept));
        Task<GreenUnixStream> pending = listener.AcceptAsync().AsTask();
        WaitUntilSomebodyWaits(listener.Descriptor, WaitDirection.Read);
        listener.Dispose();
        Join(acceptor);
        WaitUntil(() => pending.IsCompleted);
        Assert.IsType<ObjectDisposedException>(pending.Exception?.InnerException);
    });

    [Fact]
    public void The_frameworks_socket_understands_it() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        string path = directory.PathOf("socket");
        using var listener = GreenUnixListener.Listen(path);
        using var framework = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        framework.Connect(new UnixDomainSocketEndPoint(path));
        using GreenUnixStream server = listener.Accept();
        framework.Send([5]);
        Assert.Equal(5, server.ReadByte());
    });

    private static string UniqueName() => $"@green-threads-{Guid.NewGuid():N}";

    private static (long, long) OwnIds()
    {
        string[] lines = File.ReadAllLines("/proc/self/status");
        return (Effective("Uid:"), Effective("Gid:"));

        long Effective(string name) => long.Parse(lines.Single(line => line.StartsWith(name, StringComparison.Ordinal)).Split('\t')[2], null);
    }
}

public sealed class GreenThreadUnixTests : GreenUnixContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadUnixTests : GreenUnixContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
