using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace GreenThreads.Tests;

/// <summary><see cref="GreenUdpSocket"/>.</summary>
public abstract class GreenUdpContract : ThreadContract
{
    private static readonly IPEndPoint s_anyPort = new(IPAddress.Loopback, 0);

    [Fact]
    public void A_datagram_comes_whole_with_its_sender() => Run(() =>
    {
        using var one = GreenUdpSocket.Bind(s_anyPort);
        using var other = GreenUdpSocket.Bind(s_anyPort);
        one.SendTo([1, 2, 3], other.LocalEndPoint);
        byte[] buffer = new byte[10];
        Assert.Equal(new GreenDatagram(3, 3), other.ReceiveFrom(buffer, out IPEndPoint sender));
        Assert.Equal([1, 2, 3], buffer[..3]);
        Assert.Equal(one.LocalEndPoint, sender);
        other.SendTo([], sender);
        Assert.Equal(new GreenDatagram(0, 0), one.Receive(buffer));
        Assert.Null(one.RemoteEndPoint);
    });

    [Fact]
    public void What_the_buffer_had_no_room_for_is_lost_and_told() => Run(() =>
    {
        using var one = GreenUdpSocket.Bind(s_anyPort);
        using var other = GreenUdpSocket.Connect(one.LocalEndPoint);
        other.Send([1, 2, 3, 4]);
        other.Send([5]);
        byte[] buffer = new byte[2];
        GreenDatagram datagram = one.Receive(buffer);
        Assert.Equal((2, 4, true), (datagram.Count, datagram.Length, datagram.IsTruncated));
        Assert.Equal([1, 2], buffer);
        Assert.False(one.Receive(buffer).IsTruncated);
        Assert.Equal(5, buffer[0]);
    });

    [Fact]
    public void A_receive_waits_for_a_datagram() => Run(() =>
    {
        using var one = GreenUdpSocket.Bind(s_anyPort);
        using var other = GreenUdpSocket.Connect(one.LocalEndPoint);
        for (int i = 0; i < 50; i++)
        {
            byte[] buffer = new byte[1];
            Task receiver = Start(() => one.Receive(buffer));
            if (i % 2 == 0)
                WaitUntilSomebodyWaits(one.Descriptor, WaitDirection.Read);
            other.Send([(byte)i]);
            Join(receiver);
            Assert.Equal((byte)i, buffer[0]);
        }
    });

    [Fact]
    public void A_receive_times_out_not_early() => Run(() =>
    {
        using var socket = GreenUdpSocket.Bind(s_anyPort);
        byte[] buffer = new byte[1];
        long start = Stopwatch.GetTimestamp();
        Assert.Throws<TimeoutException>(() => socket.Receive(buffer, TimeSpan.FromMilliseconds(20)));
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(20));
        Assert.False(socket.TryReceiveFrom(buffer, out _, out _, TimeSpan.Zero));
        Assert.Throws<TimeoutException>(() => socket.ReceiveFrom(buffer, out _, TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => socket.Receive(buffer, TimeSpan.FromSeconds(-2)));
        socket.SendTo([7], socket.LocalEndPoint, TimeSpan.Zero);
        Assert.True(socket.TryReceiveFrom(buffer, out GreenDatagram datagram, out IPEndPoint? sender, TimeLimit.Generous));
        Assert.Equal((1, socket.LocalEndPoint), (datagram.Count, sender));
    });

    [Fact]
    public void A_connected_socket_hears_its_peer_only_and_learns_that_nobody_is_there() => Run(() =>
    {
        using var peer = GreenUdpSocket.Bind(s_anyPort);
        using var stranger = GreenUdpSocket.Bind(s_anyPort);
        using var socket = GreenUdpSocket.Connect(peer.LocalEndPoint);
        stranger.SendTo([1], socket.LocalEndPoint);
        peer.SendTo([2], socket.LocalEndPoint);
        byte[] buffer = new byte[1];
        socket.Receive(buffer);
        Assert.Equal(2, buffer[0]);
        Assert.Equal(peer.LocalEndPoint, socket.RemoteEndPoint);

        peer.Dispose();
        socket.Send([3]);
        SystemCallException failure = Assert.Throws<SystemCallException>(() => socket.Receive(buffer));
        Assert.Equal(("recvfrom", Errno.ECONNREFUSED), (failure.Call, failure.Errno));
        Assert.Contains(socket.RemoteEndPoint!.ToString(), failure.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void A_datagram_that_is_too_long_is_refused_with_its_length() => Run(() =>
    {
        using var socket = GreenUdpSocket.Connect(new IPEndPoint(IPAddress.Loopback, 9));
        SystemCallException failure = Assert.Throws<SystemCallException>(() => socket.Send(new byte[70_000]));
        Assert.Equal(Errno.EMSGSIZE, failure.Errno);
        Assert.Contains("70000", failure.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void A_port_in_use_is_refused_with_the_address_in_the_message() => Run(() =>
    {
        using var socket = GreenUdpSocket.Bind(s_anyPort);
        SystemCallException failure = Assert.Throws<SystemCallException>(() => GreenUdpSocket.Bind(socket.LocalEndPoint));
        Assert.Equal(Errno.EADDRINUSE, failure.Errno);
        Assert.Contains(socket.LocalEndPoint.ToString(), failure.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void Dispose_wakes_whoever_waits() => Run(() =>
    {
        var socket = GreenUdpSocket.Bind(s_anyPort);
        Task[] receivers = [.. Enumerable.Range(0, 3).Select(_ => Start(() => Assert.Throws<ObjectDisposedException>(() => socket.Receive(new byte[1]))))];
        Task<(GreenDatagram, IPEndPoint)> pending = socket.ReceiveFromAsync(new byte[1]).AsTask();
        WaitUntilSomebodyWaits(socket.Descriptor, WaitDirection.Read);
        socket.Dispose();
        Join(receivers);
        WaitUntil(() => pending.IsCompleted);
        Assert.IsType<ObjectDisposedException>(pending.Exception?.InnerException);
        Assert.Throws<ObjectDisposedException>(() => socket.SendTo([1], s_anyPort));
        // The port is free again.
        GreenUdpSocket.Bind(socket.LocalEndPoint).Dispose();
    });

    [Fact]
    public void The_asynchronous_members_do_the_same() => Run(() =>
    {
        using var one = GreenUdpSocket.Bind(s_anyPort);
        using var other = GreenUdpSocket.Connect(one.LocalEndPoint);
        using var cancellation = new CancellationTokenSource();
        Task<(GreenDatagram, IPEndPoint)> cancelled = one.ReceiveFromAsync(new byte[1], cancellation.Token).AsTask();
        cancellation.Cancel();
        WaitUntil(() => cancelled.IsCompleted);
        Assert.True(cancelled.IsCanceled);
        Task<(GreenDatagram Datagram, IPEndPoint Sender)> received = one.ReceiveFromAsync(new byte[1]).AsTask();
        Join(other.SendAsync(new byte[] { 1, 2 }).AsTask(), received);
        Assert.Equal((new GreenDatagram(1, 2), other.LocalEndPoint), received.Result);
        Join(one.SendToAsync(new byte[1], other.LocalEndPoint).AsTask());
        Assert.Equal(1, other.Receive(new byte[1]).Length);
    });

    [Fact]
    public void The_frameworks_socket_and_IPv6_understand_it() => Run(() =>
    {
        using var framework = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        framework.Bind(s_anyPort);
        using var socket = GreenUdpSocket.Connect((IPEndPoint)framework.LocalEndPoint!);
        socket.Send([4, 5]);
        framework.ReceiveTimeout = (int)TimeLimit.Generous.TotalMilliseconds;
        EndPoint sender = s_anyPort;
        Assert.Equal(2, framework.ReceiveFrom(new byte[9], ref sender));
        Assert.Equal(socket.LocalEndPoint, sender);
        if (!Socket.OSSupportsIPv6)
            return;
        using var both = GreenUdpSocket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        framework.SendTo([6], new IPEndPoint(IPAddress.Loopback, both.LocalEndPoint.Port));
        both.ReceiveFrom(new byte[1], out IPEndPoint mapped);
        Assert.Equal(IPAddress.Loopback, mapped.Address.MapToIPv4());
        Assert.False(both.CanBroadcast);
        both.CanBroadcast = true;
        Assert.True(both.CanBroadcast);
    });
}

public sealed class GreenThreadUdpTests : GreenUdpContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadUdpTests : GreenUdpContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
