using System.Net;
using System.Net.Sockets;
using System.Text;

namespace GreenThreads.Samples.Tests.Proxy;

/// <summary>The proxy, between programs of others.</summary>
public sealed class ProxyTests
{
    [ToolFact("curl", "wrk", "nginx", "setpriv")]
    public void It_stands_between_wrk_and_nginx()
    {
        using var nginx = new NginxProcess();
        using SampleProcess proxy = SampleProcess.Start("Proxy", "--port", "0", "--target", $"{nginx.Address}");
        string uri = $"http://{proxy.WaitForAddress()}";
        Assert.Equal("hello proxy", Tool.Run("curl", "-sS", $"{uri}/hello?name=proxy"));
        Assert.Equal(65536, Tool.Run("curl", "-sS", $"{uri}/slow").Length);
        string report = Tool.Run("wrk", "-t", "1", "-c", "50", "-d", "1s", "--timeout", "100s", $"{uri}/hello?name=wrk");
        Assert.Contains("Requests/sec:", report, StringComparison.Ordinal);
        Assert.DoesNotContain("Socket errors", report, StringComparison.Ordinal);
        Assert.DoesNotContain("Non-2xx", report, StringComparison.Ordinal);
        Assert.Equal(0, proxy.Stop());
        Assert.DoesNotContain("failed", proxy.Error.Text, StringComparison.Ordinal);
    }

    [ToolFact("nc")]
    public async Task The_end_of_one_direction_is_handed_on_and_the_other_goes_on()
    {
        using var target = new TcpListener(IPAddress.Loopback, 0);
        target.Start();
        using SampleProcess proxy = SampleProcess.Start("Proxy", "--port", "0", "--target", $"{target.LocalEndpoint}");
        IPEndPoint address = proxy.WaitForAddress();
        // Answers only when the other side has said all.
        Task counter = Task.Run(async () =>
        {
            using TcpClient connection = await target.AcceptTcpClientAsync();
            using var all = new MemoryStream();
            await connection.GetStream().CopyToAsync(all);
            await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"{all.Length} bytes\n"));
        });
        Assert.Equal("1000000 bytes\n", Tool.RunWith("nc", new string('a', 1_000_000), "-N", "127.0.0.1", $"{address.Port}"));
        await counter.WaitAsync(TimeLimit.Generous);
        Assert.Equal(0, proxy.Stop());
    }

    [Fact]
    public void A_target_that_refuses_is_told_and_the_proxy_goes_on()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // Nobody else gets this port, and nobody listens.
        using SampleProcess proxy = SampleProcess.Start("Proxy", "--port", "0", "--target", $"{socket.LocalEndPoint}");
        IPEndPoint address = proxy.WaitForAddress();
        for (int i = 0; i < 2; i++)
        {
            using var client = new LineClient(address);
            Assert.Null(client.ReadLine());
        }
        proxy.WaitForErrorLine($"no connection to {socket.LocalEndPoint}");
        Assert.Equal(0, proxy.Stop());
    }

    [Fact]
    public void Silence_on_both_sides_ends_a_connection()
    {
        using var target = new TcpListener(IPAddress.Loopback, 0);
        target.Start();
        using SampleProcess proxy = SampleProcess.Start("Proxy", "--port", "0", "--target", $"{target.LocalEndpoint}", "--idle-timeout", "0.5");
        using var client = new LineClient(proxy.WaitForAddress());
        using Socket accepted = target.AcceptSocket();
        accepted.Send("hello\n"u8);
        Assert.Equal("hello", client.ReadLine());
        Assert.Null(client.ReadLine());
        Assert.Equal(0, accepted.Receive(new byte[1]));
        Assert.Equal(0, proxy.Stop());
    }
}
