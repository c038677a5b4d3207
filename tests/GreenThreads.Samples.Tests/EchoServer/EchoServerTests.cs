using System.Net;

namespace GreenThreads.Samples.Tests.EchoServer;

/// <summary>The echo server, with netcat.</summary>
public sealed class EchoServerTests
{
    [ToolFact("nc")]
    public void Netcat_gets_back_what_it_sends()
    {
        using SampleProcess server = SampleProcess.Start("EchoServer", "--port", "0", "--statistics");
        IPEndPoint address = server.WaitForAddress();
        string text = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i}\n"));
        Assert.Equal(text, Tool.RunWith("nc", text, "-N", "127.0.0.1", $"{address.Port}"));
        Assert.Equal(0, server.Stop());
        Assert.Contains("statistics: schedulers", server.Output.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Those_beyond_the_maximum_wait_for_a_place()
    {
        using SampleProcess server = SampleProcess.Start("EchoServer", "--port", "0", "--max-connections", "1");
        IPEndPoint address = server.WaitForAddress();
        var first = new LineClient(address);
        Assert.Equal("one", first.Ask("one"));
        using var second = new LineClient(address); // The kernel has accepted it; the server has not.
        second.SendLine("two");
        Assert.Equal("three", first.Ask("three"));
        first.Dispose();
        Assert.Equal("two", second.ReadLine());
        Assert.Equal(0, server.Stop());
    }

    [Fact]
    public void What_has_come_before_the_end_is_answered()
    {
        using SampleProcess server = SampleProcess.Start("EchoServer", "--port", "0");
        IPEndPoint address = server.WaitForAddress();
        using var client = new LineClient(address);
        Assert.Equal("one", client.Ask("one"));
        Assert.Equal(0, server.Stop());
        Assert.Null(client.ReadLine());
    }

    [Fact]
    public void Who_says_nothing_is_disconnected()
    {
        using SampleProcess server = SampleProcess.Start("EchoServer", "--port", "0", "--idle-timeout", "1");
        using var client = new LineClient(server.WaitForAddress());
        Assert.Null(client.ReadLine());
        Assert.Equal(0, server.Stop());
    }
}
