using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace GreenThreads.ServerBenchmarks;

/// <summary>What the samples are measured against, written as one writes them for speed: no logging, no routing, no copies that can be avoided.</summary>
internal static partial class Servers
{
    private static readonly byte[] s_hello = "Hello, World!"u8.ToArray();

    internal static int Run(ServerKind kind)
    {
        Task server = kind == ServerKind.SocketEcho ? ServeSocketsAsync() : ServeKestrelAsync(kind);
        server.GetAwaiter().GetResult();
        return 0;
    }

    private static async Task ServeSocketsAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(4096);
        Console.WriteLine($"listening on {listener.LocalEndPoint}");
        while (true)
            _ = EchoAsync(await listener.AcceptAsync());
    }

    private static async Task EchoAsync(Socket socket)
    {
        using (socket)
        {
            socket.NoDelay = true;
            byte[] buffer = new byte[4096];
            try
            {
                int count;
                while ((count = await socket.ReceiveAsync(buffer)) > 0)
                {
                    for (int sent = 0; sent < count;)
                        sent += await socket.SendAsync(buffer.AsMemory(sent, count - sent));
                }
            }
            catch (SocketException)
            {
                // The peer has gone.
            }
        }
    }

    private static async Task ServeKestrelAsync(ServerKind kind)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, endPoint =>
        {
            if (kind == ServerKind.KestrelEcho)
                endPoint.UseConnectionHandler<EchoHandler>();
            else
                endPoint.Protocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols.Http1;
        }));
        await using WebApplication application = builder.Build();
        application.Run(AnswerAsync);
        await application.StartAsync();
        Console.WriteLine($"listening on {new Uri(application.Urls.Single()).Authority}");
        await application.WaitForShutdownAsync();
    }

    private static Task AnswerAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        if (context.Request.Path.Value == "/json")
        {
            response.ContentType = "application/json";
            byte[] body = JsonSerializer.SerializeToUtf8Bytes(new Greeting("Hello, World!"), JsonContext.Default.Greeting);
            response.ContentLength = body.Length;
            response.BodyWriter.Write(body);
        }
        else
        {
            response.ContentType = "text/plain";
            response.ContentLength = s_hello.Length;
            response.BodyWriter.Write(s_hello);
        }
        return Task.CompletedTask;
    }

    private sealed class EchoHandler : ConnectionHandler
    {
        public override async Task OnConnectedAsync(ConnectionContext connection)
        {
            PipeReader input = connection.Transport.Input;
            while (true)
            {
                ReadResult result = await input.ReadAsync();
                foreach (ReadOnlyMemory<byte> part in result.Buffer)
                    connection.Transport.Output.Write(part.Span);
                input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                    return;
                await connection.Transport.Output.FlushAsync();
            }
        }
    }

    private sealed record Greeting(string Message);

    [JsonSerializable(typeof(Greeting))]
    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    private sealed partial class JsonContext : JsonSerializerContext;
}
