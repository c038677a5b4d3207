using System.CommandLine;
using System.Net;

namespace GreenThreads.Samples;

/// <summary>The options that all the servers have: where to listen, how many schedulers, and the limits.</summary>
internal sealed class ServerSettings
{
    private readonly Option<IPAddress> _address = new("--address")
    {
        HelpName = "ADDRESS",
        Description = "Where to listen (127.0.0.1).",
        DefaultValueFactory = _ => IPAddress.Loopback,
        CustomParser = result =>
        {
            if (IPAddress.TryParse(result.Tokens[0].Value, out IPAddress? address))
                return address;
            result.AddError("--address takes an IPv4 or IPv6 address");
            return null;
        },
    };
    private readonly Option<int> _port;
    private readonly Option<int> _schedulers =
        CommandLine.Number("--schedulers", "N", 0, SchedulerGroupOptions.MaximumSchedulers, 0, "OS threads that run the green threads; 0 for one per processor");
    private readonly Option<int> _maximumConnections =
        CommandLine.Number("--max-connections", "N", 1, 1_000_000, 20_000, "Connections at once; further ones wait in the kernel until one ends");
    private readonly Option<double> _drain =
        CommandLine.Number("--drain", "SECONDS", 0.0, 3600.0, 5.0, "After SIGTERM or SIGINT: how long connections may go on with what they are at");
    private readonly Option<bool> _statistics = new("--statistics") { Description = "At the end, say what the schedulers did." };

    /// <param name="root">The program's options, to which these are added.</param>
    /// <param name="port">The usual port.</param>
    internal ServerSettings(RootCommand root, int port)
    {
        _port = CommandLine.Number("--port", "PORT", IPEndPoint.MinPort, IPEndPoint.MaxPort, port, "The port; 0 lets the kernel choose");
        foreach (Option option in (Option[])[_address, _port, _schedulers, _maximumConnections, _drain, _statistics])
            root.Add(option);
    }

    internal IPEndPoint EndPoint { get; private set; } = null!;

    internal int MaximumConnections { get; private set; }

    internal TimeSpan Drain { get; private set; }

    private int Schedulers { get; set; }

    private bool PrintsStatistics { get; set; }

    /// <summary>Runs the program on a green thread and returns when it has ended.</summary>
    /// <exception cref="IOException">What made it fail, for one line on stderr.</exception>
    internal int Run(ParseResult result, Action program)
    {
        EndPoint = new IPEndPoint(result.GetValue(_address)!, result.GetValue(_port));
        MaximumConnections = result.GetValue(_maximumConnections);
        Drain = TimeSpan.FromSeconds(result.GetValue(_drain));
        Schedulers = result.GetValue(_schedulers);
        PrintsStatistics = result.GetValue(_statistics);

        using var group = new SchedulerGroup(new SchedulerGroupOptions
        {
            Schedulers = Schedulers == 0 ? null : Schedulers,
            LoggerFactory = new ConsoleLoggerFactory(),
        });
        group.Spawn(program, "main").Join();
        if (PrintsStatistics)
            Statistics.Print(group.Snapshot());
        return 0;
    }
}
