using System.Net;
using System.Runtime.CompilerServices;

namespace GreenThreads.Tests;

/// <summary>The limit of connections of a listener.</summary>
public abstract class ConnectionLimitContract : ThreadContract
{
    [Fact]
    public void Beyond_the_limit_an_accept_waits_until_a_connection_is_disposed_of() => Run(() =>
    {
        using GreenTcpListener listener = Listen(maximum: 2);
        GreenTcpStream[] clients = [.. Enumerable.Range(0, 4).Select(_ => GreenTcpStream.Connect(listener.LocalEndPoint))];
        GreenTcpStream first = listener.Accept();
        using GreenTcpStream second = listener.Accept();
        Assert.Equal(2, listener.OpenConnections);
        Assert.Contains("2 connections", Assert.Throws<TimeoutException>(() => listener.Accept(TimeSpan.FromMilliseconds(5))).Message, StringComparison.Ordinal);
        GreenTcpStream? third = null;
        Task acceptor = Start(() => third = listener.Accept());
        WaitUntilSomebodyWaits(listener.Descriptor, WaitDirection.Close);
        Assert.Null(third);
        first.Dispose();
        first.Dispose();
        Join(acceptor);
        Task<GreenTcpStream> pending = listener.AcceptAsync().AsTask();
        Assert.False(pending.IsCompleted);
        third!.Dispose();
        Join(pending);
        pending.Result.Dispose();
        Assert.Equal(1, listener.OpenConnections);
        foreach (GreenTcpStream client in clients)
            client.Dispose();
        CheckWarnings(listener.LocalEndPoint);
    });

    [Fact]
    public void There_is_no_limit_unless_it_is_set_and_raising_it_wakes_who_waits() => Run(() =>
    {
        using var listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Equal(int.MaxValue, listener.MaximumConnections);
        Assert.Throws<ArgumentOutOfRangeException>(() => listener.MaximumConnections = 0);
        listener.MaximumConnections = 1;
        using GreenTcpStream one = GreenTcpStream.Connect(listener.LocalEndPoint);
        using GreenTcpStream other = GreenTcpStream.Connect(listener.LocalEndPoint);
        using GreenTcpStream accepted = listener.Accept();
        Task acceptor = Start(() => listener.Accept().Dispose());
        WaitUntilSomebodyWaits(listener.Descriptor, WaitDirection.Close);
        listener.MaximumConnections = 2;
        Join(acceptor);
    });

    [Fact]
    public void Dispose_wakes_an_accept_that_waits_for_a_place() => Run(() =>
    {
        using GreenTcpListener listener = Listen(maximum: 1);
        using GreenTcpStream client = GreenTcpStream.Connect(listener.LocalEndPoint);
        using GreenTcpStream accepted = listener.Accept();
        Task acceptor = Start(() => Assert.Throws<ObjectDisposedException>(listener.Accept));
        Task<GreenTcpStream> pending = listener.AcceptAsync().AsTask();
        WaitUntilSomebodyWaits(listener.Descriptor, WaitDirection.Close);
        listener.Dispose();
        Join(acceptor);
        WaitUntil(() => pending.IsCompleted);
        Assert.IsType<ObjectDisposedException>(pending.Exception?.InnerException);
    });

    [Fact]
    public void Never_more_than_the_limit_are_open_and_all_are_served_in_the_end() => Run(() =>
    {
        const int Maximum = 3;
        const int Count = 200;
        using GreenTcpListener listener = Listen(Maximum);
        int open = 0, most = 0, left = Count;
        Task[] acceptors = [.. Enumerable.Range(0, 6).Select(_ => Start(() =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                using GreenTcpStream server = listener.Accept();
                int now = Interlocked.Increment(ref open);
                for (int seen = Volatile.Read(ref most); now > seen; seen = Volatile.Read(ref most))
                    Interlocked.CompareExchange(ref most, now, seen);
                Yield();
                server.WriteByte(1);
                Interlocked.Decrement(ref open);
            }
        }))];
        Task[] clients = [.. Enumerable.Range(0, 5).Select(_ => Start(() =>
        {
            for (int i = 0; i < Count / 5; i++)
            {
                using GreenTcpStream client = GreenTcpStream.Connect(listener.LocalEndPoint);
                Assert.Equal(1, client.ReadByte());
            }
        }))];
        Join([.. acceptors, .. clients]);
        Assert.InRange(most, 1, Maximum);
        Assert.Equal(0, listener.OpenConnections);
    });

    [Fact]
    public void A_connection_that_nobody_disposed_of_gives_its_place_back_when_it_is_collected() => Run(() =>
    {
        using GreenTcpListener listener = Listen(maximum: 1);
        using GreenTcpStream one = GreenTcpStream.Connect(listener.LocalEndPoint);
        using GreenTcpStream other = GreenTcpStream.Connect(listener.LocalEndPoint);
        Forget(listener);
        WaitUntil(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return listener.OpenConnections == 0;
        });
        listener.Accept().Dispose();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget(GreenTcpListener listener) => listener.Accept();
    });

    [Fact]
    public void A_Unix_listener_has_the_limit_too() => Run(() =>
    {
        using var listener = GreenUnixListener.Listen($"@green-threads-{Guid.NewGuid():N}");
        listener.MaximumConnections = 1;
        using var one = GreenUnixStream.Connect(listener.Name);
        using var other = GreenUnixStream.Connect(listener.Name);
        GreenUnixStream accepted = listener.Accept();
        Task acceptor = Start(() => listener.Accept().Dispose());
        WaitUntilSomebodyWaits(listener.Descriptor, WaitDirection.Close);
        accepted.Dispose();
        Join(acceptor);
        Assert.Equal(0, listener.OpenConnections);
        Assert.Equal(1, listener.MaximumConnections);
    });

    /// <summary>Looks at what was logged about a listener that was full.</summary>
    protected virtual void CheckWarnings(IPEndPoint listener) =>
        Assert.Single(RecordingLogger.OfDefaultGroup.Messages, message => message.Contains($"{listener} has as many", StringComparison.Ordinal));

    private static GreenTcpListener Listen(int maximum)
    {
        var listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        listener.MaximumConnections = maximum;
        return listener;
    }
}

public sealed class GreenThreadConnectionLimitTests : ConnectionLimitContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadConnectionLimitTests : ConnectionLimitContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
