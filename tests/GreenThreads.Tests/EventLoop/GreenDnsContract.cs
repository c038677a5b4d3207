using System.Net;
using System.Net.Sockets;

namespace GreenThreads.Tests;

/// <summary><see cref="GreenDns"/>, used by one kind of thread. What depends on the machine's network is done with a resolver of the test's own.</summary>
public abstract class GreenDnsContract : ThreadContract
{
    [Fact]
    public void An_address_in_digits_is_returned_as_it_is() => Run(() =>
    {
        Assert.Equal([IPAddress.Loopback], GreenDns.Resolve("127.0.0.1"));
        Assert.Equal([IPAddress.IPv6Loopback], GreenDns.Resolve("::1", AddressFamily.InterNetworkV6));
        GreenDnsException exception = Assert.Throws<GreenDnsException>(() => GreenDns.Resolve("127.0.0.1", AddressFamily.InterNetworkV6));
        Assert.Equal((SocketError.NoData, "127.0.0.1"), (exception.SocketErrorCode, exception.Host));
    });

    [Fact]
    public void The_name_of_this_machine_has_a_loopback_address() => Run(() =>
        Assert.Contains(IPAddress.Loopback, GreenDns.Resolve("localhost", AddressFamily.InterNetwork)));

    // Without a network the answer is another, and both are clear.
    [Fact]
    public void A_name_that_does_not_exist_is_a_clear_error() => Run(() =>
    {
        Exception? thrown = Record.Exception(() => GreenDns.Resolve("no-such-host.invalid"));
        if (thrown is null)
            return; // There are name servers that have an answer to everything.
        GreenDnsException exception = Assert.IsType<GreenDnsException>(thrown);
        Assert.Equal("no-such-host.invalid", exception.Host);
        Assert.Contains("no-such-host.invalid: ", exception.Message, StringComparison.Ordinal);
        Assert.IsAssignableFrom<SocketException>(exception);
    });

    [Fact]
    public void What_the_resolver_returns_or_throws_comes_back() => Run(() =>
    {
        var resolver = new NameResolver(1, (host, family) => (host, family) switch
        {
            ("one", AddressFamily.InterNetwork) => [IPAddress.Any, IPAddress.Broadcast],
            ("none", _) => [],
            ("silent", _) => throw new SocketException((int)SocketError.TryAgain),
            _ => throw new SocketException((int)SocketError.HostNotFound),
        });
        Assert.Equal([IPAddress.Any, IPAddress.Broadcast], Resolve(resolver, "one", Timeout.InfiniteTimeSpan));
        AssertFails("none", SocketError.NoData, "family InterNetwork");
        AssertFails("silent", SocketError.TryAgain, "no name server has answered");
        AssertFails("other", SocketError.HostNotFound, "there is no such name");

        void AssertFails(string host, SocketError error, string text)
        {
            GreenDnsException exception = Assert.Throws<GreenDnsException>(() => Resolve(resolver, host, Timeout.InfiniteTimeSpan));
            Assert.Equal(error, exception.SocketErrorCode);
            Assert.Contains(text, exception.Message, StringComparison.Ordinal);
        }
    });

    [Fact]
    public void One_that_does_not_answer_is_given_up_for_a_time_or_a_token_and_others_wait_for_its_place() => Run(() =>
    {
        using var answer = new ManualResetEvent(false);
        var resolver = new NameResolver(1, (host, _) =>
        {
            if (host == "slow")
                answer.WaitOne();
            return [IPAddress.Any];
        });
        using var cancellation = new CancellationTokenSource();
        Assert.Throws<TimeoutException>(() => Resolve(resolver, "slow", TimeSpan.FromMilliseconds(5)));
        Task cancelled = Start(() => Assert.Throws<OperationCanceledException>(() => Resolve(resolver, "slow", Timeout.InfiniteTimeSpan, cancellation.Token)));
        Task patient = Start(() => Assert.Equal([IPAddress.Any], Resolve(resolver, "fast", Timeout.InfiniteTimeSpan)));
        WaitUntil(() => resolver.QueuedCount == 2);
        cancellation.Cancel();
        Join(cancelled);
        Assert.Equal(1, resolver.QueuedCount);
        Assert.Throws<TimeoutException>(() => Resolve(resolver, "fast", TimeSpan.Zero));
        Assert.False(patient.IsCompleted);
        answer.Set();
        Join(patient);
        Assert.Throws<OperationCanceledException>(() => Resolve(resolver, "fast", TimeSpan.Zero, cancellation.Token));
    });

    [Fact]
    public void What_can_be_no_name_is_refused() => Run(() =>
    {
        Assert.Throws<ArgumentException>(() => GreenDns.Resolve(""));
        Assert.Throws<ArgumentNullException>(() => GreenDns.Resolve(null!));
        Assert.ThrowsAny<ArgumentException>(() => GreenDns.Resolve(new string('x', 300)));
        Assert.Throws<ArgumentOutOfRangeException>(() => GreenDns.Resolve("127.0.0.1", TimeSpan.FromSeconds(-2)));
    });

    private static IPAddress[] Resolve(NameResolver resolver, string host, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        resolver.Resolve(host, timeout, AddressFamily.InterNetwork, cancellationToken);
}

public sealed class GreenThreadDnsTests : GreenDnsContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [Fact]
    public void A_green_thread_that_is_cancelled_does_not_wait_for_the_answer()
    {
        using var asked = new ManualResetEvent(false);
        using var answer = new ManualResetEvent(false);
        var resolver = new NameResolver(1, (_, _) =>
        {
            asked.Set();
            answer.WaitOne();
            return [IPAddress.Any];
        });
        GreenThread asking = GreenThread.Spawn(() => resolver.Resolve("slow", Timeout.InfiniteTimeSpan, AddressFamily.Unspecified, CancellationToken.None));
        Assert.True(asked.WaitOne(TimeLimit.Generous));
        asking.Cancel();
        Assert.ThrowsAny<Exception>(() => asking.Join());
        Assert.Equal(GreenThreadState.Ended, asking.State);
        answer.Set();
    }
}

public sealed class OsThreadDnsTests : GreenDnsContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
