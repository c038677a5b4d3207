using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit.Abstractions;

namespace GreenThreads.Conformance;

/// <summary>HttpClient.Send against Kestrel in the same process, on the thread pool.</summary>
public sealed class KestrelTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Threads = 500;

    private readonly TaskCompletionSource _allAreThere = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _requests;
    private WebApplication? _application;

    public async Task InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _application = builder.Build();
        _application.MapGet("/together", TogetherAsync);
        _application.MapPost("/echo", static async context => await context.Request.Body.CopyToAsync(context.Response.Body));
        await _application.StartAsync();
    }

    public async Task DisposeAsync()
    {
        if (_application is not null)
            await _application.DisposeAsync();
    }

    // No answer before all requests are there: every green thread is in Send at the same time.
    [Fact]
    public void Five_hundred_green_threads_are_in_Send_at_once()
    {
        using HttpClient client = Client();
        Crowd.Run(output, Threads, thread =>
        {
            using HttpResponseMessage response = client.Send(new HttpRequestMessage(HttpMethod.Get, $"together?thread={thread}"));
            response.EnsureSuccessStatusCode();
            using var reader = new StreamReader(response.Content.ReadAsStream());
            Assert.Equal($"{thread}", reader.ReadToEnd());
        });
        Assert.Equal(Threads, _requests);
    }

    [Fact]
    public void Bodies_that_are_sent_come_back()
    {
        using HttpClient client = Client();
        Crowd.Run(output, Threads, thread =>
        {
            byte[] body = new byte[20_000];
            new Random(thread).NextBytes(body);
            for (int round = 0; round < 2; round++)
            {
                var request = new HttpRequestMessage(HttpMethod.Post, "echo") { Content = new ByteArrayContent(body) };
                using HttpResponseMessage response = client.Send(request, HttpCompletionOption.ResponseHeadersRead);
                response.EnsureSuccessStatusCode();
                var answer = new MemoryStream();
                response.Content.ReadAsStream().CopyTo(answer);
                ReadOnlySpan<byte> received = answer.GetBuffer().AsSpan(0, (int)answer.Length);
                Assert.True(received.SequenceEqual(body), "the answer differs from what was sent");
            }
        });
    }

    private HttpClient Client() => new() { BaseAddress = new Uri(_application!.Urls.Single()), Timeout = TimeLimit.Generous };

    private async Task TogetherAsync(HttpContext context)
    {
        if (Interlocked.Increment(ref _requests) == Threads)
            _allAreThere.SetResult();
        await _allAreThere.Task;
        await context.Response.WriteAsync(context.Request.Query["thread"].ToString());
    }
}
