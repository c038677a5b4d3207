using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace GreenThreads.AspNetCoreSample;

/// <summary>The application that is measured, in a process of its own. It serves until its standard input ends.</summary>
internal static class Server
{
    private const int Milliseconds = 100;

    internal static int Run(Kind kind)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        using WebApplication app = builder.Build();
        if (kind == Kind.With)
            app.UseGreenThreads();
        if (kind == Kind.Async)
        {
            app.MapGet("/", static async () =>
            {
                await Task.Delay(Milliseconds);
                return "done";
            });
        }
        else
        {
            app.MapGet("/", static () =>
            {
                Task.Delay(Milliseconds).Wait();
                return "done";
            });
        }
        app.Start();
        Console.WriteLine(app.Urls.Single());
        Console.In.ReadToEnd();
        return 0;
    }
}
