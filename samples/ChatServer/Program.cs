using System.CommandLine;

namespace GreenThreads.Samples.Chat;

internal static class Program
{
    private static int Main(string[] args)
    {
        Option<int> outbox = CommandLine.Number("--outbox", "LINES", 1, 100_000, 256, "Whoever has so many lines unread is disconnected");
        Option<double> idle = CommandLine.Number("--idle-timeout", "SECONDS", 1.0, 86_400.0, 3600.0, "Whoever says nothing for so long is disconnected");
        Option<double> write = CommandLine.Number("--write-timeout", "SECONDS", 0.1, 86_400.0, 10.0, "Whoever reads nothing for so long, while there is something, is disconnected");
        var root = new RootCommand("Rooms in which people talk to each other; nc or telnet is the client.") { outbox, idle, write };
        var settings = new ServerSettings(root, port: 6667);
        return CommandLine.Run(root, args, result =>
        {
            var limits = new ChatLimits(result.GetValue(outbox), TimeSpan.FromSeconds(result.GetValue(idle)), TimeSpan.FromSeconds(result.GetValue(write)));
            return settings.Run(result, () =>
            {
                // Rooms outlive the sessions, which leave them when they end.
                GreenScope.Run(scope =>
                {
                    var house = new House(scope);
                    TcpServer.Run(settings, stream => new ChatSession(stream, house, limits));
                });
            });
        });
    }
}

/// <summary>What the user asked for.</summary>
internal sealed record ChatLimits(int Outbox, TimeSpan IdleTimeout, TimeSpan WriteTimeout);
