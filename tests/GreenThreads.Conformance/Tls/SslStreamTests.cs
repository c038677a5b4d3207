using System.Globalization;
using System.Net.Security;
using System.Text;
using Xunit.Abstractions;

namespace GreenThreads.Conformance;

/// <summary>Synchronous SslStream over GreenTcpStream, green threads at both ends.</summary>
public sealed class SslStreamTests(ITestOutputHelper output)
{
    private const int Threads = 200;
    private const int Rounds = 5;

    [Fact]
    public void Two_hundred_clients_and_a_server_speak_HTTPS_at_once()
    {
        using var server = new HttpsServer(Threads);
        Crowd.Run(output, Threads, thread =>
        {
            using var stream = new SslStream(GreenTcpStream.Connect(server.EndPoint));
            stream.AuthenticateAsClient(server.ClientOptions);
            Assert.True(stream is { IsAuthenticated: true, IsEncrypted: true });
            using var reader = new StreamReader(stream);
            for (int round = 0; round < Rounds; round++)
            {
                stream.Write(Encoding.ASCII.GetBytes($"GET /{thread}/{round} HTTP/1.1\r\nHost: {SelfSignedCertificate.Host}\r\n\r\n"));
                Assert.Equal($"/{thread}/{round}", ReadBody(reader));
            }
        });
        Assert.Equal(0, server.Failures);
    }

    [Fact]
    public void HttpClient_sends_over_SslStream_over_GreenTcpStream()
    {
        using var server = new HttpsServer(Threads);
        using var client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = server.ClientOptions,
            ConnectCallback = async (_, cancellationToken) => await GreenTcpStream.ConnectAsync(server.EndPoint, cancellationToken),
        })
        { BaseAddress = new Uri($"https://{SelfSignedCertificate.Host}/"), Timeout = TimeLimit.Generous };
        Crowd.Run(output, Threads, thread =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                using HttpResponseMessage response = client.Send(new HttpRequestMessage(HttpMethod.Get, $"{thread}/{round}"));
                response.EnsureSuccessStatusCode();
                using var reader = new StreamReader(response.Content.ReadAsStream());
                Assert.Equal($"/{thread}/{round}", reader.ReadToEnd());
            }
        });
        Assert.Equal(0, server.Failures);
    }

    private static string ReadBody(StreamReader reader)
    {
        const string Length = "Content-Length:";
        Assert.Equal("HTTP/1.1 200 OK", reader.ReadLine());
        int length = 0;
        while (reader.ReadLine() is { Length: > 0 } line)
        {
            if (line.StartsWith(Length, StringComparison.Ordinal))
                length = int.Parse(line.AsSpan(Length.Length), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture);
        }
        var body = new char[length];
        Assert.Equal(length, reader.ReadBlock(body));
        return new string(body);
    }
}
