using System.CommandLine;

namespace GreenThreads.Samples.Http;

internal static class Program
{
    private static int Main(string[] args)
    {
        var usual = new HttpLimits();
        Option<int> requestLine = CommandLine.Number("--max-request-line", "BYTES", 64, 1 << 20, usual.MaximumRequestLine, "A longer request line is answered with 414");
        Option<int> headers = CommandLine.Number("--max-headers", "BYTES", 64, 1 << 20, usual.MaximumHeaders, "Longer headers are answered with 431");
        Option<long> body = CommandLine.Number("--max-body", "BYTES", 0L, 1L << 40, usual.MaximumBody, "A larger body is answered with 413");
        Option<double> headerTimeout = Seconds("--header-timeout", usual.HeaderTimeout, "From the first byte of a request to the end of its headers");
        Option<double> bodyTimeout = Seconds("--body-timeout", usual.BodyTimeout, "From there to the end of its body");
        Option<double> idleTimeout = Seconds("--idle-timeout", usual.IdleTimeout, "Between two requests");
        Option<double> writeTimeout = Seconds("--write-timeout", usual.WriteTimeout, "For a peer that does not read");
        var root = new RootCommand("An HTTP/1.1 server with the endpoints /plaintext, /json, /echo, /delay?ms=N and /stream?chunks=N&ms=N.")
        {
            requestLine, headers, body, headerTimeout, bodyTimeout, idleTimeout, writeTimeout,
        };
        var settings = new ServerSettings(root, port: 8080);
        return CommandLine.Run(root, args, result =>
        {
            var limits = new HttpLimits
            {
                MaximumRequestLine = result.GetValue(requestLine),
                MaximumHeaders = result.GetValue(headers),
                MaximumBody = result.GetValue(body),
                HeaderTimeout = TimeSpan.FromSeconds(result.GetValue(headerTimeout)),
                BodyTimeout = TimeSpan.FromSeconds(result.GetValue(bodyTimeout)),
                IdleTimeout = TimeSpan.FromSeconds(result.GetValue(idleTimeout)),
                WriteTimeout = TimeSpan.FromSeconds(result.GetValue(writeTimeout)),
            };
            return settings.Run(result, () => TcpServer.Run(settings, stream => new HttpSession(stream, limits)));
        });
    }

    private static Option<double> Seconds(string name, TimeSpan usual, string description) =>
        CommandLine.Number(name, "SECONDS", 0.1, 86_400.0, usual.TotalSeconds, description);
}
