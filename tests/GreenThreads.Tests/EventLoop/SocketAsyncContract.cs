using System.Net;
using System.Net.Sockets;

namespace GreenThreads.Tests;

/// <summary>The asynchronous members, called from the contract's kind of thread.</summary>
public abstract class SocketAsyncContract : ThreadContract
{
    [Fact]
    public void A_read_that_can_complete_does_so_at_once() => Run(() =>
    {
        using var connection = new Connection();
        connection.Client.WriteByte(1);
        EventLoop.WaitReadable(connection.Server.Descriptor);
        ValueTask<int> read = connection.Server.ReadAsync(new byte[8]);
        Assert.True(read.IsCompletedSuccessfully);
        Assert.Equal(1, read.Result);
    });

    [Fact]
    public void A_pending_read_completes_with_the_bytes() => Run(() =>
    {
        using var connection = new Connection();
        byte[] buffer = new byte[8];
        Task<int> read = connection.Server.ReadAsync(buffer, 2, 3, CancellationToken.None);
        Assert.False(read.IsCompleted);
        connection.Client.WriteByte(6);
        Join(read);
        Assert.Equal(1, read.Result);
        Assert.Equal(6, buffer[2]);
    });

    [Fact]
    public void The_continuation_of_a_read_never_runs_inside_the_poll() => Run(() =>
    {
        using var connection = new Connection();
        var release = new ManualResetEventSlim();
        Task first = ReadThenBlockAsync();
        connection.Client.WriteByte(1);
        // Were the continuation inside the poll, nothing would wake anybody now.
        using (var other = new Connection())
        {
            Task second = Start(() => Assert.Equal(2, other.Server.ReadByte()));
            WaitUntilSomebodyWaits(other.Server.Descriptor, WaitDirection.Read);
            other.Client.WriteByte(2);
            Join(second);
        }
        release.Set();
        Join(first);

        async Task ReadThenBlockAsync()
        {
            await connection.Server.ReadAsync(new byte[1]).ConfigureAwait(false);
            release.Wait();
        }
    });

    [Fact]
    public void A_cancelled_read_takes_nothing_and_the_next_one_gets_the_bytes() => Run(() =>
    {
        using var connection = new Connection();
        using var cancellation = new CancellationTokenSource();
        Task<int> read = connection.Server.ReadAsync(new byte[8], cancellation.Token).AsTask();
        WaitUntilSomebodyWaits(connection.Server.Descriptor, WaitDirection.Read);
        cancellation.Cancel();
        WaitUntil(() => read.IsCompleted);
        Assert.True(read.IsCanceled);
        Assert.False(connection.Server.Descriptor.Interest.HasWaiters(WaitDirection.Read));
        connection.Client.WriteByte(3);
        Assert.Equal(3, connection.Server.ReadByte());
        Assert.True(connection.Server.ReadAsync(new byte[1], cancellation.Token).IsCanceled);
        Assert.True(connection.Server.WriteAsync(new byte[1], cancellation.Token).IsCanceled);
    });

    [Fact]
    public void A_large_write_completes_when_the_reader_has_made_room() => Run(() =>
    {
        using var connection = new Connection();
        byte[] sent = new byte[8 << 20];
        new Random(3).NextBytes(sent);
        Task write = connection.Client.WriteAsync(sent).AsTask();
        Assert.False(write.IsCompleted);
        byte[] received = new byte[sent.Length];
        connection.Server.ReadExactly(received);
        Join(write);
        Assert.True(received.AsSpan().SequenceEqual(sent));
    });

    [Fact]
    public void Dispose_fails_pending_calls_with_ObjectDisposedException() => Run(() =>
    {
        using var connection = new Connection();
        Task read = connection.Client.ReadAsync(new byte[1]).AsTask();
        Task write = connection.Client.WriteAsync(new byte[64 << 20]).AsTask();
        connection.Client.Dispose();
        WaitUntil(() => read.IsCompleted && write.IsCompleted);
        Assert.IsType<ObjectDisposedException>(read.Exception?.InnerException);
        Assert.IsType<ObjectDisposedException>(write.Exception?.InnerException);
        Assert.True(connection.Client.ReadAsync(new byte[1]).IsFaulted);
    });

    [Fact]
    public void The_end_and_a_reset_arrive() => Run(() =>
    {
        using (var connection = new Connection())
        {
            Task<int> read = connection.Client.ReadAsync(new byte[1]).AsTask();
            connection.Server.Shutdown(SocketShutdown.Send);
            Join(read);
            Assert.Equal(0, read.Result);
        }
        using (var connection = new Connection())
        {
            Task<int> read = connection.Client.ReadAsync(new byte[1]).AsTask();
            connection.Client.WriteByte(1);
            EventLoop.WaitReadable(connection.Server.Descriptor);
            connection.Server.Dispose();
            WaitUntil(() => read.IsCompleted);
            Assert.Equal(Errno.ECONNRESET, Assert.IsType<SystemCallException>(read.Exception?.InnerException).Errno);
        }
    });

    [Fact]
    public void Connect_and_accept_meet() => Run(() =>
    {
        using GreenTcpListener listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        Task<GreenTcpStream> accept = listener.AcceptAsync().AsTask();
        Assert.False(accept.IsCompleted);
        Task<GreenTcpStream> connect = GreenTcpStream.ConnectAsync(listener.LocalEndPoint).AsTask();
        Join(accept, connect);
        using GreenTcpStream server = accept.Result;
        using GreenTcpStream client = connect.Result;
        client.WriteByte(1);
        Assert.Equal(1, server.ReadByte());
    });

    [Fact]
    public void A_cancelled_accept_loses_no_connection_and_Dispose_fails_a_pending_one() => Run(() =>
    {
        using GreenTcpListener listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        using var cancellation = new CancellationTokenSource();
        Task<GreenTcpStream> cancelled = listener.AcceptAsync(cancellation.Token).AsTask();
        cancellation.Cancel();
        WaitUntil(() => cancelled.IsCompleted);
        Assert.True(cancelled.IsCanceled);
        GreenTcpStream.Connect(listener.LocalEndPoint).Dispose();
        listener.Accept().Dispose();

        Task<GreenTcpStream> pending = listener.AcceptAsync().AsTask();
        listener.Dispose();
        WaitUntil(() => pending.IsCompleted);
        Assert.IsType<ObjectDisposedException>(pending.Exception?.InnerException);
    });

    [Fact]
    public void Begin_and_End_work_as_with_every_stream() => Run(() =>
    {
        using var connection = new Connection();
        IAsyncResult write = connection.Client.BeginWrite([8], 0, 1, null, null);
        connection.Client.EndWrite(write);
        byte[] buffer = new byte[1];
        IAsyncResult read = connection.Server.BeginRead(buffer, 0, 1, null, null);
        WaitUntil(() => read.IsCompleted);
        Assert.Equal(1, connection.Server.EndRead(read));
        Assert.Equal(8, buffer[0]);
    });
}
