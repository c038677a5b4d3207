using System.CommandLine;

namespace GreenThreads.Samples.Echo;

internal static class Program
{
    private static int Main(string[] args)
    {
        Option<int> idle = CommandLine.Number("--idle-timeout", "SECONDS", 1, 86_400, 600, "A connection that says nothing for so long is closed");
        var root = new RootCommand("Sends back what it gets, as RFC 862 says.") { idle };
        var settings = new ServerSettings(root, port: 7007);
        return CommandLine.Run(root, args, result =>
        {
            TimeSpan idleTimeout = TimeSpan.FromSeconds(result.GetValue(idle));
            return settings.Run(result, () => TcpServer.Run(settings, stream => new EchoSession(stream, idleTimeout)));
        });
    }
}
