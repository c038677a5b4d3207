using System.CommandLine;

namespace GreenThreads.Samples.Crashing;

internal static class Program
{
    private static int Main(string[] args)
    {
        Option<double> time = CommandLine.Number("--time-budget", "SECONDS", 0.01, 600.0, 1.0, "A handler that takes longer is ended");
        Option<int> memory = CommandLine.Number("--memory-budget", "MB", 1, 1024, 16, "A handler that asks for more fails");
        var root = new RootCommand("A server whose handlers throw, exceed their budgets, or never return, and which goes on; nc is the client.") { time, memory };
        var settings = new ServerSettings(root, port: 7070);
        return CommandLine.Run(root, args, result =>
        {
            TimeSpan timeBudget = TimeSpan.FromSeconds(result.GetValue(time));
            long memoryBudget = result.GetValue(memory) * 1024L * 1024;
            return settings.Run(result, () =>
            {
                using var services = new Services(timeBudget, memoryBudget);
                TcpServer.Run(settings, stream => new CommandSession(stream, services));
            });
        });
    }
}
