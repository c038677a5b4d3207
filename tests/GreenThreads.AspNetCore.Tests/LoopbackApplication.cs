using GreenThreads.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace GreenThreads.AspNetCore.Tests;

/// <summary>An application on Kestrel, at a free port of the loopback interface, and a client for it.</summary>
internal sealed class LoopbackApplication : IAsyncDisposable
{
    private readonly WebApplication _app;

    private LoopbackApplication(WebApplication app)
    {
        _app = app;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()), Timeout = TimeLimit.Generous };
    }

    internal HttpClient Client { get; }

    internal static async Task<LoopbackApplication> StartAsync(
        Action<WebApplication> configure, Action<KestrelServerOptions>? kestrel = null, Action<WebApplicationBuilder>? services = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        if (kestrel is not null)
            builder.WebHost.ConfigureKestrel(kestrel);
        services?.Invoke(builder);
        WebApplication app = builder.Build();
        configure(app);
        await app.StartAsync();
        return new LoopbackApplication(app);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
