using System.Net;
using System.Text;

namespace GreenThreads.Samples.Tests.HttpServer;

/// <summary>The server with the clients of others: curl, wrk, h2load, ab.</summary>
public sealed class HttpServerTests : IDisposable
{
    private readonly SampleProcess _server = SampleProcess.Start("HttpServer", "--port", "0", "--header-timeout", "1", "--max-body", "2000000");
    private readonly IPEndPoint _address;

    public HttpServerTests() => _address = _server.WaitForAddress();

    private string Uri => $"http://{_address}";

    public void Dispose()
    {
        // Whatever a test did to it, it ends well.
        Assert.Equal(0, _server.HasExited ? _server.WaitForExit() : _server.Stop());
        _server.Dispose();
    }

    [ToolFact("curl")]
    public void Curl_gets_its_answers()
    {
        Assert.Equal("Hello, World!", Curl("/plaintext"));
        Assert.Equal("{\"message\":\"Hello, World!\"}", Curl("/json"));
        Assert.Equal("line 0\nline 1\nline 2\n", Curl("/stream?chunks=3&ms=1"));
        Assert.Equal("line 0\n", Curl("/stream?chunks=1", "--http1.0"));
        Assert.Equal("waited 10 ms\n", Curl("/delay?ms=10"));
        Assert.Equal("hello", Curl("/echo", "-d", "hello"));
        Assert.Equal("404", Status("/nothing"));
        Assert.Equal("405", Status("/echo"));
        Assert.Equal("405", Status("/plaintext", "-d", "hello"));
        Assert.Equal("400", Status("/delay?ms=never"));
        string head = Curl("/plaintext", "--head");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", head, StringComparison.Ordinal);
        Assert.Contains("Content-Length: 13\r\n", head, StringComparison.Ordinal);
    }

    [ToolFact("curl")]
    public void Curl_uses_one_connection_for_many_requests()
    {
        string[] arguments = ["-sS", "-w", "%{num_connects} ", .. Enumerable.Repeat($"{Uri}/plaintext", 5), .. Enumerable.Repeat("-o", 5).SelectMany(o => new[] { o, "/dev/null" })];
        Assert.Equal("1 0 0 0 0 ", Tool.Run("curl", arguments));
    }

    [ToolFact("curl")]
    public void Bodies_come_back_whole_with_a_length_in_chunks_and_after_an_invitation()
    {
        string file = Path.GetTempFileName();
        try
        {
            byte[] data = new byte[1_500_000];
            new Random(1).NextBytes(data);
            File.WriteAllBytes(file, data);
            string expected = Encoding.Latin1.GetString(data);
            Assert.Equal(expected, Curl("/echo", "--data-binary", $"@{file}", "-H", "Expect:"));
            Assert.Equal(expected, Curl("/echo", "--data-binary", $"@{file}", "-H", "Expect: 100-continue"));
            Assert.Equal(expected, Curl("/echo", "--data-binary", $"@{file}", "-H", "Transfer-Encoding: chunked"));
            Assert.Equal(expected, Curl("/echo", "-T", file));
            File.WriteAllBytes(file, new byte[2_000_001]);
            Assert.Equal("413", Status("/echo", "--data-binary", $"@{file}"));
            Assert.Equal("413", Status("/echo", "-T", file));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [ToolFact("wrk")]
    public void Wrk_finds_no_errors()
    {
        foreach (string path in (string[])["/plaintext", "/json"])
        {
            string report = Tool.Run("wrk", "-t", "1", "-c", "50", "-d", "1s", "--timeout", "100s", Uri + path);
            Assert.Contains("Requests/sec:", report, StringComparison.Ordinal);
            Assert.DoesNotContain("Socket errors", report, StringComparison.Ordinal);
            Assert.DoesNotContain("Non-2xx", report, StringComparison.Ordinal);
        }
    }

    [ToolFact("h2load")]
    public void H2load_gets_all_its_pipelined_answers()
    {
        string report = Tool.Run("h2load", "--h1", "-n", "20000", "-c", "20", "-m", "16", $"{Uri}/plaintext");
        Assert.Contains("20000 succeeded, 0 failed, 0 errored, 0 timeout", report, StringComparison.Ordinal);
        Assert.Contains("20000 2xx", report, StringComparison.Ordinal);
    }

    [ToolFact("ab")]
    public void Ab_speaks_HTTP_1_0()
    {
        foreach (string[] keepAlive in (string[][])[[], ["-k"]])
        {
            string report = Tool.Run("ab", ["-q", "-n", "1000", "-c", "10", "-s", "100", .. keepAlive, $"{Uri}/plaintext"]);
            Assert.Contains("Complete requests:      1000", report, StringComparison.Ordinal);
            Assert.Contains("Failed requests:        0", report, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Headers_that_drip_are_cut_short_and_others_do_not_notice()
    {
        using var slow = new LineClient(_address);
        slow.Send("GET /plaintext HT");
        using var other = new LineClient(_address);
        for (int i = 0; i < 10; i++)
        {
            other.Send("GET /plaintext HTTP/1.1\r\nHost: here\r\n\r\n");
            Assert.Equal("HTTP/1.1 200 OK", other.ReadLine());
            other.ReadUntil("Content-Length");
            Assert.Equal("", other.ReadLine());
            Assert.Equal("Hello, World!", other.Read("Hello, World!".Length));
        }
        Assert.StartsWith("HTTP/1.1 408 Request Timeout\r\n", slow.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Who_says_too_much_gets_to_read_why_it_was_refused()
    {
        using var client = new LineClient(_address);
        client.Send("POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 99999999\r\n\r\n" + new string('a', 200_000));
        Assert.StartsWith("HTTP/1.1 413 Content Too Large\r\n", client.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Requests_under_way_are_answered_before_the_end_and_idle_connections_closed()
    {
        using var idle = new LineClient(_address);
        idle.Send("GET /plaintext HTTP/1.1\r\nHost: here\r\n\r\n");
        Assert.Equal("HTTP/1.1 200 OK", idle.ReadLine());
        using var busy = new LineClient(_address);
        busy.Send("GET /stream?chunks=20&ms=50 HTTP/1.1\r\nHost: here\r\n\r\n");
        busy.ReadUntil("line 0");
        Assert.Equal(0, _server.Stop());
        busy.ReadUntil("line 19");
        Assert.EndsWith("Hello, World!", idle.ReadToEnd(), StringComparison.Ordinal);
    }

    private string Curl(string path, params string[] arguments) => Tool.Run("curl", ["-sS", .. arguments, Uri + path]);

    private string Status(string path, params string[] arguments)
    {
        // Curl says so if the server answers before it has sent everything; it has its answer all the same.
        (_, string output, _) = Tool.TryRun("curl", "", ["-s", "-o", "/dev/null", "-w", "%{http_code}", .. arguments, Uri + path]);
        return output;
    }
}
