using System.CommandLine;
using System.Net;

namespace GreenThreads.Samples.Forwarding;

internal static class Program
{
    private static int Main(string[] args)
    {
        var target = new Option<IPEndPoint>("--target")
        {
            HelpName = "ADDRESS:PORT",
            Description = "Where connections are handed on to.",
            Required = true,
            CustomParser = result =>
            {
                if (IPEndPoint.TryParse(result.Tokens[0].Value, out IPEndPoint? endPoint) && endPoint.Port > 0)
                    return endPoint;
                result.AddError("--target takes an address and a port, such as 127.0.0.1:80");
                return null;
            },
        };
        Option<double> connect = CommandLine.Number("--connect-timeout", "SECONDS", 0.1, 600.0, 5.0, "How long the target may take to answer a connection");
        Option<double> idle = CommandLine.Number("--idle-timeout", "SECONDS", 0.1, 86_400.0, 300.0, "A connection on which nothing comes from either side for so long is closed");
        var root = new RootCommand("Hands TCP connections on to another server, byte for byte.") { target, connect, idle };
        var settings = new ServerSettings(root, port: 8000);
        return CommandLine.Run(root, args, result =>
        {
            var options = new ProxyOptions(result.GetValue(target)!, TimeSpan.FromSeconds(result.GetValue(connect)), TimeSpan.FromSeconds(result.GetValue(idle)));
            return settings.Run(result, () => TcpServer.Run(settings, stream => new ProxySession(stream, options)));
        });
    }
}

/// <summary>What the user asked for.</summary>
internal sealed record ProxyOptions(IPEndPoint Target, TimeSpan ConnectTimeout, TimeSpan IdleTimeout);
