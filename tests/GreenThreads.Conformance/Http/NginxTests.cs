using Xunit.Abstractions;

namespace GreenThreads.Conformance;

/// <summary>HttpClient.Send against nginx.</summary>
public sealed class NginxTests(NginxServer server, ITestOutputHelper output) : IClassFixture<NginxServer>
{
    private const int Threads = 500;

    // nginx takes some tenths of a second over each answer.
    [ServerFact(NginxServer.Name)]
    public void Five_hundred_green_threads_wait_in_Send_for_slow_answers()
    {
        using var client = new HttpClient { BaseAddress = server.Uri, Timeout = TimeLimit.Generous };
        Crowd.Run(output, Threads, _ =>
        {
            using HttpResponseMessage response = client.Send(new HttpRequestMessage(HttpMethod.Get, "slow"));
            response.EnsureSuccessStatusCode();
            var body = new MemoryStream();
            response.Content.ReadAsStream().CopyTo(body);
            Assert.Equal(65536, body.Length);
        });
    }

    [ServerFact(NginxServer.Name)]
    public void Connections_are_used_again_and_nobody_gets_anothers_answer()
    {
        var handler = new SocketsHttpHandler { MaxConnectionsPerServer = 20 };
        using var client = new HttpClient(handler) { BaseAddress = server.Uri, Timeout = TimeLimit.Generous };
        Crowd.Run(output, Threads, thread =>
        {
            for (int round = 0; round < 4; round++)
            {
                // Read while the body comes, not buffered by Send.
                var request = new HttpRequestMessage(HttpMethod.Get, $"hello?name={thread}-{round}");
                using HttpResponseMessage response = client.Send(request, HttpCompletionOption.ResponseHeadersRead);
                using var reader = new StreamReader(response.Content.ReadAsStream());
                Assert.Equal($"hello {thread}-{round}", reader.ReadToEnd());
            }
        });
    }
}
