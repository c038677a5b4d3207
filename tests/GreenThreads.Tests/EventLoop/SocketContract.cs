using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace GreenThreads.Tests;

/// <summary>The synchronous members of <see cref="GreenTcpStream"/>.</summary>
public abstract class SocketContract : ThreadContract
{
    [Fact]
    public void What_one_side_writes_the_other_reads() => Run(() =>
    {
        using var connection = new Connection();
        connection.Client.Write([1, 2, 3]);
        byte[] received = new byte[3];
        connection.Server.ReadExactly(received);
        Assert.Equal([1, 2, 3], received);
        connection.Server.WriteByte(4);
        Assert.Equal(4, connection.Client.ReadByte());
        Assert.Equal(connection.Client.LocalEndPoint, connection.Server.RemoteEndPoint);
        Assert.Equal(connection.Client.RemoteEndPoint, connection.Server.LocalEndPoint);
        Assert.True(connection.Client.NoDelay && connection.Server.NoDelay);
    });

    [Fact]
    public void A_read_waits_for_a_write() => Run(() =>
    {
        using var connection = new Connection();
        for (int i = 0; i < 100; i++)
        {
            Task reader = Start(() => Assert.Equal(7, connection.Server.ReadByte()));
            if (i % 2 == 0)
                WaitUntilSomebodyWaits(connection.Server.Descriptor, WaitDirection.Read);
            connection.Client.WriteByte(7);
            Join(reader);
        }
    });

    [Fact]
    public void After_a_half_close_the_peer_reads_the_end_and_can_still_write() => Run(() =>
    {
        using var connection = new Connection();
        Task reader = Start(() => Assert.Equal(-1, connection.Server.ReadByte()));
        WaitUntilSomebodyWaits(connection.Server.Descriptor, WaitDirection.Read);
        connection.Client.Shutdown(SocketShutdown.Send);
        Join(reader);
        Assert.Equal(0, connection.Server.Read(new byte[8], 0, 8));
        connection.Server.WriteByte(9);
        Assert.Equal(9, connection.Client.ReadByte());
        Assert.Equal(Errno.EPIPE, Assert.Throws<SystemCallException>(() => connection.Client.WriteByte(0)).Errno);
        Assert.Equal(Errno.EPIPE, Assert.Throws<SystemCallException>(() => connection.Client.Write([])).Errno);
    });

    [Fact]
    public void Shutdown_of_the_own_receiving_side_ends_a_read_that_waits() => Run(() =>
    {
        using var connection = new Connection();
        Task reader = Start(() => Assert.Equal(0, connection.Server.Read(new byte[1])));
        WaitUntilSomebodyWaits(connection.Server.Descriptor, WaitDirection.Read);
        connection.Server.Shutdown(SocketShutdown.Receive);
        Join(reader);
    });

    [Fact]
    public void A_reset_ends_a_read_that_waits_with_ECONNRESET_and_later_writes_with_EPIPE() => Run(() =>
    {
        using var connection = new Connection();
        Task reader = Start(() =>
        {
            SystemCallException failure = Assert.Throws<SystemCallException>(() => connection.Client.ReadByte());
            Assert.Equal(("recv", Errno.ECONNRESET), (failure.Call, failure.Errno));
        });
        WaitUntilSomebodyWaits(connection.Client.Descriptor, WaitDirection.Read);
        connection.Client.WriteByte(1);
        EventLoop.WaitReadable(connection.Server.Descriptor);
        connection.Server.Dispose(); // With an unread byte: a reset.
        Join(reader);
        Assert.Equal(Errno.EPIPE, Assert.Throws<SystemCallException>(() => connection.Client.WriteByte(1)).Errno);
    });

    [Fact]
    public void A_large_write_arrives_whole_at_a_slow_reader() => Run(() =>
    {
        const int Size = 8 << 20;
        using var connection = new Connection();
        byte[] sent = new byte[Size];
        new Random(1).NextBytes(sent);
        Task writer = Start(() =>
        {
            connection.Client.Write(sent);
            connection.Client.Shutdown(SocketShutdown.Send);
        });
        // Nothing is read before the writer has filled the buffers: the first send is a partial one.
        WaitUntilSomebodyWaits(connection.Client.Descriptor, WaitDirection.Write);
        byte[] received = new byte[Size];
        int at = 0;
        for (int step = 1; at < Size; step = step % 60_000 + 777)
        {
            int count = connection.Server.Read(received.AsSpan(at, Math.Min(step, Size - at)));
            Assert.NotEqual(0, count);
            at += count;
            if (step % 5 == 0)
                Yield();
        }
        Assert.Equal(0, connection.Server.Read(new byte[1]));
        Assert.True(received.AsSpan().SequenceEqual(sent));
        Join(writer);
    });

    [Fact]
    public void CopyTo_ends_with_the_stream() => Run(() =>
    {
        using var connection = new Connection();
        byte[] sent = new byte[300_000];
        new Random(2).NextBytes(sent);
        Task writer = Start(() =>
        {
            new MemoryStream(sent).CopyTo(connection.Client);
            connection.Client.Shutdown(SocketShutdown.Send);
        });
        var received = new MemoryStream();
        connection.Server.CopyTo(received);
        Join(writer);
        Assert.Equal(sent, received.ToArray());
    });

    [Fact]
    public void An_empty_read_waits_for_bytes_and_takes_none() => Run(() =>
    {
        using var connection = new Connection();
        Task reader = Start(() => Assert.Equal(0, connection.Server.Read([])));
        WaitUntilSomebodyWaits(connection.Server.Descriptor, WaitDirection.Read);
        connection.Client.Write([]);
        connection.Client.WriteByte(5);
        Join(reader);
        Assert.Equal(5, connection.Server.ReadByte());
    });

    [Fact]
    public void A_read_times_out_with_an_IOException_not_early_and_the_stream_stays_usable() => Run(() =>
    {
        using var connection = new Connection();
        connection.Server.ReadTimeout = 30;
        long start = Stopwatch.GetTimestamp();
        IOException failure = Assert.Throws<IOException>(() => connection.Server.ReadByte());
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(30));
        Assert.IsType<TimeoutException>(failure.InnerException);
        connection.Server.ReadTimeout = Timeout.Infinite;
        connection.Client.WriteByte(1);
        Assert.Equal(1, connection.Server.ReadByte());
    });

    [Fact]
    public void A_write_that_nobody_reads_times_out() => Run(() =>
    {
        using var connection = new Connection();
        connection.Client.WriteTimeout = 30;
        IOException failure = Assert.Throws<IOException>(() => connection.Client.Write(new byte[64 << 20]));
        Assert.IsType<TimeoutException>(failure.InnerException);
    });

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    public void A_timeout_is_positive_or_infinite(int timeout) => Run(() =>
    {
        using var connection = new Connection();
        Assert.True(connection.Client.CanTimeout);
        Assert.Throws<ArgumentOutOfRangeException>(() => connection.Client.ReadTimeout = timeout);
        Assert.Throws<ArgumentOutOfRangeException>(() => connection.Client.WriteTimeout = timeout);
        Assert.Equal(Timeout.Infinite, connection.Client.ReadTimeout);
    });

    [Fact]
    public void Dispose_wakes_blocked_readers_and_a_blocked_writer_with_ObjectDisposedException() => Run(() =>
    {
        using var connection = new Connection();
        Task[] blocked =
        [
            Start(() => Assert.Throws<ObjectDisposedException>(() => connection.Client.ReadByte())),
            Start(() => Assert.Throws<ObjectDisposedException>(() => connection.Client.ReadByte())),
            Start(() => Assert.Throws<ObjectDisposedException>(() => connection.Client.Write(new byte[64 << 20]))),
        ];
        WaitUntilSomebodyWaits(connection.Client.Descriptor, WaitDirection.Read);
        WaitUntilSomebodyWaits(connection.Client.Descriptor, WaitDirection.Write);
        connection.Client.Dispose();
        Join(blocked);
        Assert.Throws<ObjectDisposedException>(() => connection.Client.ReadByte());
        Assert.Throws<ObjectDisposedException>(() => connection.Client.WriteByte(1));
        Assert.Throws<ObjectDisposedException>(() => connection.Client.LocalEndPoint);
        Assert.False(connection.Client.CanRead);
        Assert.False(connection.Client.CanWrite);
        connection.Client.Dispose();
    });

    [Fact]
    public void Threads_that_use_and_dispose_of_a_stream_at_the_same_time_see_only_its_end() => Run(() =>
    {
        for (int i = 0; i < 200; i++)
        {
            using var connection = new Connection();
            Task[] users =
            [
                Start(() => UseUntilTheEnd(() => connection.Client.ReadByte())),
                Start(() => UseUntilTheEnd(() => connection.Client.WriteByte(1))),
                Start(() => UseUntilTheEnd(() => connection.Server.WriteByte(1))),
                Start(connection.Client.Dispose),
                Start(connection.Client.Dispose),
            ];
            Join(users);
        }
    });

    [Fact]
    public void A_refused_connect_says_so_and_names_the_peer() => Run(() =>
    {
        IPEndPoint nobody;
        using (GreenTcpListener listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0)))
            nobody = listener.LocalEndPoint;
        SystemCallException failure = Assert.Throws<SystemCallException>(() => GreenTcpStream.Connect(nobody));
        Assert.Equal(("connect", Errno.ECONNREFUSED), (failure.Call, failure.Errno));
        Assert.Contains(nobody.ToString(), failure.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void A_connect_that_nobody_answers_times_out() => Run(() =>
    {
        // Linux drops what does not fit into the backlog, so the connect after it gets no answer.
        using GreenTcpListener listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0), backlog: 1);
        var connected = new List<GreenTcpStream>();
        try
        {
            Assert.Throws<TimeoutException>(() =>
            {
                while (connected.Count < 10)
                    connected.Add(GreenTcpStream.Connect(listener.LocalEndPoint, TimeSpan.FromMilliseconds(100)));
            });
        }
        finally
        {
            connected.ForEach(stream => stream.Dispose());
        }
    });

    [Fact]
    public void IPv6_connects_and_the_wildcard_takes_IPv4_too() => Run(() =>
    {
        if (!Socket.OSSupportsIPv6)
            return;
        using (var connection = new Connection(IPAddress.IPv6Loopback))
        {
            connection.Client.WriteByte(1);
            Assert.Equal(1, connection.Server.ReadByte());
            Assert.Equal(connection.Client.LocalEndPoint, connection.Server.RemoteEndPoint);
        }
        using GreenTcpListener listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.IPv6Any, 0));
        using GreenTcpStream client = GreenTcpStream.Connect(new IPEndPoint(IPAddress.Loopback, listener.LocalEndPoint.Port));
        using GreenTcpStream server = listener.Accept();
        Assert.Equal(IPAddress.Loopback, server.RemoteEndPoint.Address.MapToIPv4());
    });

    private static void UseUntilTheEnd(Action use)
    {
        try
        {
            while (true)
                use();
        }
        catch (ObjectDisposedException)
        {
        }
        catch (SystemCallException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
        }
    }
}
