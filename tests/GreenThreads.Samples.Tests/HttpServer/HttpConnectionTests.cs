using System.Text;
using System.Text.RegularExpressions;
using GreenThreads.Samples.Http;

namespace GreenThreads.Samples.Tests.HttpServer;

/// <summary>One connection without a network: what comes in, in whatever pieces, and what goes out.</summary>
public sealed partial class HttpConnectionTests
{
    private const string Host = "Host: example\r\n";
    private const string Ok = "HTTP/1.1 200 OK";

    private static readonly HttpLimits s_small = new() { MaximumRequestLine = 100, MaximumHeaders = 200, MaximumHeaderCount = 5, MaximumBody = 50 };

    private const string Pipelined =
        "\r\nGET /path?query=1 HTTP/1.1\r\nHost: example\r\nX-Empty:\r\nX-Other: \t two words \t\r\n\r\n"
        + "POST /body HTTP/1.1\r\nhost:example\r\nContent-Length: 11\r\n\r\nhello\r\n\r\nhi"
        + "POST /body HTTP/1.1\r\nHost: example\r\ntransfer-encoding: Chunked\r\n\r\n5\r\nhello\r\nA;name=\"value\"\r\n, chunks \n\r\n00\r\nTrailer: ignored\r\n\r\n"
        + "HEAD http://example/path HTTP/1.1\r\nHost: example\r\n\r\n"
        + "PUT /body HTTP/1.1\r\nHost: example\r\nConnection: keep-alive, Close\r\nContent-Length: 3\r\n\r\nend"
        + "GET /never HTTP/1.1\r\nHost: example\r\n\r\n";

    [Fact]
    public void Pipelined_requests_are_answered_in_their_order_and_in_one_piece()
    {
        string[] answers = Serve(out int writes, Pipelined).Split(Ok);
        Assert.Equal(6, answers.Length);
        Assert.EndsWith("\r\n\r\nGET /path ?query=1 two words 0:", answers[1], StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nPOST /body ? 11:hello\r\n\r\nhi", answers[2], StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nPOST /body ? 15:hello, chunks \n", answers[3], StringComparison.Ordinal);
        Assert.EndsWith("Content-Length: 15\r\n\r\n", answers[4], StringComparison.Ordinal);
        Assert.EndsWith("Connection: close\r\n\r\nPUT /body ? 3:end", answers[5], StringComparison.Ordinal);
        Assert.Equal(1, writes);
    }

    [Fact]
    public void It_makes_no_difference_where_the_input_is_split()
    {
        string whole = Serve(out _, Pipelined);
        byte[] bytes = Encoding.Latin1.GetBytes(Pipelined);
        for (int i = 1; i < bytes.Length; i++)
            Assert.Equal(whole, Serve(new HttpLimits(), out _, bytes[..i], bytes[i..]));
        Assert.Equal(whole, Serve(new HttpLimits(), out _, [.. bytes.Select(b => new[] { b })]));
        Assert.Equal(whole, Serve(new HttpLimits(), out _, [.. bytes.Chunk(3)]));
    }

    [Theory]
    [InlineData(400, "GET / HTTP/1.1\n" + Host + "\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost: example\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\n" + Host + "\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost: exa\rmple\r\n\r\n")]
    [InlineData(400, "GET /\rx HTTP/1.1\r\n" + Host + "\r\n")]
    [InlineData(400, "\r\n\r\nGET / HTTP/1.1\r\n" + Host + "\r\n")]
    [InlineData(400, "GET  / HTTP/1.1\r\n" + Host + "\r\n")]
    [InlineData(400, "GET / HTTP/1.1 \r\n" + Host + "\r\n")]
    [InlineData(400, " GET / HTTP/1.1\r\n" + Host + "\r\n")]
    [InlineData(400, "GET /\r\n\r\n")]
    [InlineData(400, "G(T / HTTP/1.1\r\n" + Host + "\r\n")]
    [InlineData(400, "GET path HTTP/1.1\r\n" + Host + "\r\n")]
    [InlineData(400, "GET * HTTP/1.1\r\n" + Host + "\r\n")]
    [InlineData(400, "GET http:///path HTTP/1.1\r\n" + Host + "\r\n")]
    [InlineData(400, "GET http://example HTTP/1.1\r\n" + Host + "\r\n")]
    [InlineData(400, "CONNECT example:80 HTTP/1.1\r\n" + Host + "\r\n")]
    [InlineData(400, "GET /#fragment HTTP/1.1\r\n" + Host + "\r\n")]
    [InlineData(400, "GET /\u00e4 HTTP/1.1\r\n" + Host + "\r\n")]
    [InlineData(400, "GET / HTTP/1.x\r\n" + Host + "\r\n")]
    [InlineData(400, "GET / HTTP/1.10\r\n" + Host + "\r\n")]
    [InlineData(400, "GET / http/1.1\r\n" + Host + "\r\n")]
    [InlineData(505, "GET / HTTP/2.0\r\n" + Host + "\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\n" + Host + Host + "\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost: exam ple\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost: example/path\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\n" + Host + " continued: line\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\n" + Host + "X-A: b\r\n c\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\n" + Host + "X-A : b\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\n" + Host + ": b\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\n" + Host + "no colon\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\n" + Host + "X-A: b\0c\r\n\r\n")]
    [InlineData(400, "POST / HTTP/1.1\r\n" + Host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")]
    [InlineData(400, "POST / HTTP/1.1\r\n" + Host + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc")]
    [InlineData(400, "POST / HTTP/1.1\r\n" + Host + "Content-Length: 3, 3\r\n\r\nabc")]
    [InlineData(400, "POST / HTTP/1.1\r\n" + Host + "Content-Length: +3\r\n\r\nabc")]
    [InlineData(400, "POST / HTTP/1.1\r\n" + Host + "Content-Length: -3\r\n\r\nabc")]
    [InlineData(400, "POST / HTTP/1.1\r\n" + Host + "Content-Length: 0x3\r\n\r\nabc")]
    [InlineData(400, "POST / HTTP/1.1\r\n" + Host + "Content-Length:\r\n\r\nabc")]
    [InlineData(413, "POST / HTTP/1.1\r\n" + Host + "Content-Length: 99999999999999999999999999\r\n\r\nabc")]
    [InlineData(400, "POST / HTTP/1.1\r\n" + Host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData(400, "POST / HTTP/1.1\r\n" + Host + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n")]
    [InlineData(400, "POST / HTTP/1.0\r\n" + Host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData(400, "POST / HTTP/1.1\r\n" + Host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData(501, "POST / HTTP/1.1\r\n" + Host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData(501, "POST / HTTP/1.1\r\n" + Host + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")]
    [InlineData(417, "POST / HTTP/1.1\r\n" + Host + "Expect: more\r\nContent-Length: 3\r\n\r\nabc")]
    [InlineData(400, Chunked + "g\r\n")]
    [InlineData(400, Chunked + "\r\n\r\n")]
    [InlineData(400, Chunked + "-1\r\n")]
    [InlineData(400, Chunked + "0x5\r\nhello\r\n0\r\n\r\n")]
    [InlineData(400, Chunked + " 5\r\nhello\r\n0\r\n\r\n")]
    [InlineData(400, Chunked + "5 \r\nhello\r\n0\r\n\r\n")]
    [InlineData(400, Chunked + "5\nhello\r\n0\r\n\r\n")]
    [InlineData(400, Chunked + "5;a=\rb\r\nhello\r\n0\r\n\r\n")]
    [InlineData(400, Chunked + "5\r\nhello0\r\n\r\n")]
    [InlineData(400, Chunked + "5\r\nhello\n0\r\n\r\n")]
    [InlineData(400, Chunked + "5\r\nhello\r\n0\r\nno trailer\r\n\r\n")]
    [InlineData(400, Chunked + "100000005\r\nhello\r\n0\r\n\r\n")]
    [InlineData(400, Chunked + "5\r\nhel")]
    [InlineData(400, "POST / HTTP/1.1\r\n" + Host + "Content-Length: 5\r\n\r\nhel")]
    public void What_is_malformed_is_refused_and_ends_the_connection(int status, string request)
    {
        foreach (byte[][] pieces in (byte[][][])[[Bytes(request + "GET /never HTTP/1.1\r\n" + Host + "\r\n")], [.. Bytes(request).Select(b => new[] { b })]])
        {
            // What is cut off can only be told at the end.
            byte[][] sent = request.EndsWith("hel", StringComparison.Ordinal) ? [Bytes(request)] : pieces;
            string answer = Serve(new HttpLimits(), out _, sent);
            Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
            Assert.Contains("\r\nConnection: close\r\n", answer, StringComparison.Ordinal);
            Assert.Single(AnswerPattern().Matches(answer));
        }
    }

    public static TheoryData<int, string> TooMuch => new()
    {
        { 414, $"GET /{new string('a', 100)} HTTP/1.1\r\n{Host}\r\n" },
        { 414, new string('a', 101) },
        { 431, $"GET / HTTP/1.1\r\n{Host}X-A: {new string('a', 200)}\r\n\r\n" },
        { 431, $"GET / HTTP/1.1\r\n{Host}{new string('a', 201)}" },
        { 431, $"GET / HTTP/1.1\r\n{Host}A:1\r\nB:2\r\nC:3\r\nD:4\r\nE:5\r\n\r\n" },
        { 413, $"POST / HTTP/1.1\r\n{Host}Content-Length: 51\r\n\r\n" },
        { 413, $"{Chunked}33\r\n" },
        { 413, $"{Chunked}31\r\n{new string('a', 49)}\r\n2\r\n" },
        { 400, $"{Chunked}1;{new string('a', 300)}" },
        { 400, $"{Chunked}0\r\nA: {new string('a', 300)}" },
    };

    [Theory]
    [MemberData(nameof(TooMuch))]
    public void What_is_beyond_the_limits_is_refused(int status, string request)
    {
        Assert.StartsWith($"HTTP/1.1 {status} ", Serve(s_small, out _, Bytes(request)), StringComparison.Ordinal);
        Assert.StartsWith($"HTTP/1.1 {status} ", Serve(s_small, out _, [.. Bytes(request).Select(b => new[] { b })]), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_just_within_the_limits_is_served()
    {
        string path = "/" + new string('a', 100 - "GET / HTTP/1.1".Length);
        Assert.StartsWith(Ok, Serve(s_small, out _, Bytes($"GET {path} HTTP/1.1\r\n{Host}\r\n")), StringComparison.Ordinal);
        Assert.StartsWith(Ok, Serve(s_small, out _, Bytes($"POST / HTTP/1.1\r\n{Host}Content-Length: 50\r\n\r\n{new string('a', 50)}")), StringComparison.Ordinal);
        Assert.StartsWith(Ok, Serve(s_small, out _, Bytes($"{Chunked}32\r\n{new string('a', 50)}\r\n0\r\n\r\n")), StringComparison.Ordinal);
    }

    [Fact]
    public void Who_expects_to_be_invited_is_invited_when_the_body_is_read()
    {
        const string head = "POST /body HTTP/1.1\r\n" + Host + "Expect: 100-Continue\r\nContent-Length: 3\r\n\r\n";
        Assert.StartsWith($"HTTP/1.1 100 Continue\r\n\r\n{Ok}", Serve(new HttpLimits(), out _, Bytes(head), Bytes("abc")), StringComparison.Ordinal);
        // What has come already need not be invited.
        Assert.StartsWith(Ok, Serve(out _, head + "abc"), StringComparison.Ordinal);
        // If nobody reads it, nobody knows whether it will come.
        string answer = Serve(new HttpLimits(), out _, Bytes(head.Replace("/body", "/ignore", StringComparison.Ordinal)), Bytes("GET / HTTP/1.1\r\n" + Host + "\r\n"));
        Assert.Contains("Connection: close", Assert.Single(answer.Split(Ok), part => part.Length > 0), StringComparison.Ordinal);
    }

    [Fact]
    public void HTTP_1_0_keeps_the_connection_only_if_it_says_so()
    {
        Assert.Contains("Connection: close", Serve(out _, "GET / HTTP/1.0\r\n\r\n"), StringComparison.Ordinal);
        string answers = Serve(out _, "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n");
        Assert.Equal(3, answers.Split(Ok).Length);
        Assert.Contains("Connection: keep-alive", answers, StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_of_unknown_length_comes_in_chunks_or_ends_with_the_connection()
    {
        string request = $"GET /stream HTTP/1.1\r\n{Host}\r\n";
        string[] answers = Serve(out _, request + request).Split(Ok);
        Assert.Equal(3, answers.Length);
        Assert.EndsWith("Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n11\r\n" + "seventeen letters\r\n0\r\n\r\n", answers[1], StringComparison.Ordinal);
        Assert.EndsWith("Connection: close\r\n\r\noneseventeen letters", Serve(out _, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), StringComparison.Ordinal);
        string head = Serve(out _, $"HEAD /stream HTTP/1.1\r\n{Host}\r\n");
        Assert.EndsWith("Transfer-Encoding: chunked\r\n\r\n", head, StringComparison.Ordinal);
    }

    [Fact]
    public void A_body_that_nobody_reads_is_skipped_if_it_is_small()
    {
        string request = $"POST /ignore HTTP/1.1\r\n{Host}Content-Length: 40000\r\n\r\n{new string('a', 40000)}";
        Assert.Equal(3, Serve(out _, request + request).Split(Ok).Length);
        request = request.Replace("40000", "400000", StringComparison.Ordinal) + new string('a', 360000);
        Assert.Equal(2, Serve(out _, request + request).Split(Ok).Length);
    }

    [Fact]
    public void A_handler_that_throws_is_answered_with_500()
    {
        Assert.StartsWith("HTTP/1.1 500 Internal Server Error\r\n", Serve(out _, $"GET /throw HTTP/1.1\r\n{Host}\r\n"), StringComparison.Ordinal);
        string cutOff = Serve(out _, $"GET /throw-late HTTP/1.1\r\n{Host}\r\n");
        Assert.StartsWith(Ok, cutOff, StringComparison.Ordinal);
        Assert.DoesNotContain("500", cutOff, StringComparison.Ordinal);
    }

    [Fact]
    public void After_a_stop_the_next_answer_says_that_it_is_the_last_one()
    {
        byte[] requests = Bytes(string.Concat(Enumerable.Repeat($"GET / HTTP/1.1\r\n{Host}\r\n", 3)));
        var stream = new ScriptedStream(requests);
        HttpConnection? connection = null;
        int count = 0;
        using (connection = new HttpConnection(stream, new HttpLimits(), (request, response) =>
        {
            count++;
            Assert.False(connection!.Stop()); // Not idle: nobody need wake it.
            response.SendText(200, "last");
        }))
        {
            connection.Serve();
        }
        Assert.Equal(2, count);
        Assert.Contains("Connection: close", Encoding.Latin1.GetString(stream.Written).Split(Ok)[2], StringComparison.Ordinal);
    }

    [Fact]
    public void Random_damage_never_does_worse_than_an_answer()
    {
        byte[] valid = Bytes(Pipelined);
        var random = new Random(1);
        for (int i = 0; i < 2000; i++)
        {
            byte[] damaged = [.. valid];
            for (int j = random.Next(1, 4); j > 0; j--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            int cut = random.Next(damaged.Length + 1);
            string answer = Serve(new HttpLimits(), out _, damaged[..cut], damaged[cut..]);
            Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal));
        }
    }

    private const string Chunked = "POST /body HTTP/1.1\r\n" + Host + "Transfer-Encoding: chunked\r\n\r\n";

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static string Serve(out int writes, string input) => Serve(new HttpLimits(), out writes, Bytes(input));

    private static string Serve(HttpLimits limits, out int writes, params byte[][] pieces)
    {
        var stream = new ScriptedStream(pieces);
        using (var connection = new HttpConnection(stream, limits, Answer))
        {
            try
            {
                connection.Serve();
            }
            catch (IOException)
            {
                // Not from this stream.
                Assert.Fail("an IOException without a network");
            }
        }
        writes = stream.Writes;
        return DatePattern().Replace(Encoding.Latin1.GetString(stream.Written), "");
    }

    private static void Answer(HttpRequest request, HttpResponse response)
    {
        string path = Encoding.Latin1.GetString(request.Path);
        switch (path)
        {
            case "/stream":
                response.SendHead(200, "text/plain"u8, length: null);
                response.Write("one"u8);
                response.Write("seventeen letters"u8);
                return;
            case "/ignore":
                response.Send(200, "text/plain"u8, "ignored"u8);
                return;
            case "/throw":
                throw new InvalidOperationException("on purpose");
            case "/throw-late":
                response.SendHead(200, "text/plain"u8, 100);
                throw new InvalidOperationException("on purpose");
        }
        string head = $"{Encoding.Latin1.GetString(request.Method)} {path} ?{Encoding.Latin1.GetString(request.Query)} {Encoding.Latin1.GetString(request.Header("x-other"u8))}".TrimEnd();
        var body = new MemoryStream();
        byte[] buffer = new byte[7];
        for (int count; (count = request.Body.Read(buffer)) > 0;)
            body.Write(buffer, 0, count);
        response.Send(200, "text/plain"u8, [.. Bytes($"{head} {body.Length}:"), .. body.ToArray()]);
    }

    [GeneratedRegex("Date: [^\r]*\r\n")]
    private static partial Regex DatePattern();

    [GeneratedRegex("HTTP/1.1 [0-9]{3} ")]
    private static partial Regex AnswerPattern();
}
