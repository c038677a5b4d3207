using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace GreenThreads.Samples.Http;

/// <summary>What the server answers: plain code that may wait wherever it likes.</summary>
internal static partial class Endpoints
{
    private const long MaximumDelay = 60_000;
    private const long MaximumChunks = 100_000;
    private const int BufferSize = 16 * 1024;

    internal static void Answer(HttpRequest request, HttpResponse response)
    {
        ReadOnlySpan<byte> path = request.Path;
        bool isEcho = path.SequenceEqual("/echo"u8);
        if (!isEcho && !request.IsGetOrHead)
            response.SendText(405, "only GET and HEAD", "Allow: GET, HEAD\r\n"u8);
        else if (path.SequenceEqual("/plaintext"u8))
            response.Send(200, "text/plain"u8, "Hello, World!"u8);
        else if (path.SequenceEqual("/json"u8))
            response.Send(200, "application/json"u8, JsonSerializer.SerializeToUtf8Bytes(new Greeting("Hello, World!"), JsonContext.Default.Greeting));
        else if (isEcho)
            Echo(request, response);
        else if (path.SequenceEqual("/delay"u8))
            Delay(request, response);
        else if (path.SequenceEqual("/stream"u8))
            Stream(request, response);
        else
            response.SendText(404, "there are /plaintext, /json, /echo, /delay?ms=N and /stream?chunks=N&ms=N");
    }

    /// <summary>Sends the body back as it comes, with its length or in chunks as it came.</summary>
    private static void Echo(HttpRequest request, HttpResponse response)
    {
        if (!request.Method.SequenceEqual("POST"u8) && !request.Method.SequenceEqual("PUT"u8))
        {
            response.SendText(405, "only POST and PUT", "Allow: POST, PUT\r\n"u8);
            return;
        }
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            // Read before the head is sent: what is wrong from the beginning gets an answer that says so.
            int count = request.Body.Read(buffer);
            response.SendHead(200, "application/octet-stream"u8, request.ContentLength);
            for (; count > 0; count = request.Body.Read(buffer))
                response.Write(buffer.AsSpan(0, count));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Delay(HttpRequest request, HttpResponse response)
    {
        if (request.QueryNumber("ms"u8) is not { } milliseconds || milliseconds > MaximumDelay)
        {
            response.SendText(400, $"ms must be a number up to {MaximumDelay}");
            return;
        }
        response.Flush(); // Answers to earlier requests need not wait.
        GreenThread.Sleep(TimeSpan.FromMilliseconds(milliseconds));
        response.SendText(200, $"waited {milliseconds} ms");
    }

    private static void Stream(HttpRequest request, HttpResponse response)
    {
        long chunks = request.QueryNumber("chunks"u8) ?? 10;
        long milliseconds = request.QueryNumber("ms"u8) ?? 0;
        if (chunks > MaximumChunks || milliseconds > MaximumDelay)
        {
            response.SendText(400, $"chunks must be a number up to {MaximumChunks}, ms up to {MaximumDelay}");
            return;
        }
        response.SendHead(200, "text/plain"u8, length: null);
        Span<byte> line = stackalloc byte[32];
        for (long i = 0; i < chunks; i++)
        {
            if (milliseconds > 0)
            {
                response.Flush();
                GreenThread.Sleep(TimeSpan.FromMilliseconds(milliseconds));
            }
            i.TryFormat(line, out int count, "'line '0");
            line[count++] = (byte)'\n';
            response.Write(line[..count]);
        }
    }

    private sealed record Greeting(string Message);

    [JsonSerializable(typeof(Greeting))]
    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    private sealed partial class JsonContext : JsonSerializerContext;
}
