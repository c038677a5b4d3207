using System.CommandLine;
using GreenThreads.Samples;

namespace GreenThreads.ServerBenchmarks;

// "compare" measures servers against each other, "crowd" one under very many connections; "serve KIND" is this program as one of the servers.
internal static class Program
{
    private static int Main(string[] args)
    {
        if (args is ["serve", var name] && Enum.TryParse(name, ignoreCase: true, out ServerKind kind))
            return Servers.Run(kind);

        Option<double> seconds = CommandLine.Number("--seconds", "S", 0.1, 600.0, 5.0, "How long each load is measured");
        Option<int> runs = CommandLine.Number("--runs", "N", 1, 100, 3, "compare: how often each is measured, in turns; the median is printed");
        Option<int> connections = CommandLine.Number("--connections", "N", 1, 20_000, 100, "compare: connections that send requests");
        Option<int> schedulers = CommandLine.Number("--schedulers", "N", 1, SchedulerGroupOptions.MaximumSchedulers, 2, "Schedulers of the green servers");
        Option<int> idle = CommandLine.Number("--idle", "N", 0, 1_000_000, 10_000, "crowd: connections that are silent");
        Option<int> busy = CommandLine.Number("--busy", "N", 1, 20_000, 1_000, "crowd: connections that send requests");
        Option<double> limit = CommandLine.Number("--limit", "MS", 0.0, 60_000.0, 5.0, "crowd: no scheduler may be blocked for longer");
        var compare = new Command("compare", "Echo and HTTP: green threads, asynchronous sockets, Kestrel.") { seconds, runs, connections, schedulers };
        var crowd = new Command("crowd", "Very many connections to the echo server on few schedulers.") { seconds, idle, busy, schedulers, limit };
        foreach (Command command in (Command[])[compare, crowd])
            command.SetAction(static _ => { });
        var root = new RootCommand("Measures whole servers, each in a process of its own.") { compare, crowd };
        return CommandLine.Run(root, args, result =>
        {
            TimeSpan time = TimeSpan.FromSeconds(result.GetValue(seconds));
            if (result.CommandResult.Command == crowd)
                return Crowd.Run(result.GetValue(idle), result.GetValue(busy), time, result.GetValue(schedulers), result.GetValue(limit));
            if (result.CommandResult.Command == compare)
                return Comparison.Run(result.GetValue(connections), time, result.GetValue(runs), result.GetValue(schedulers));
            Console.Error.WriteLine("GreenThreads.ServerBenchmarks: compare or crowd; --help tells more");
            return CommandLine.BadUsage;
        });
    }
}
