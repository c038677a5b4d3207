using System.Net;
using CommandLine;

namespace GreenThreads.Tour;

/// <summary>What the user asked for.</summary>
internal sealed class TourOptions
{
    private const int MostThreads = 1_000_000;
    private const int MostConnections = 20_000; // Of one address to one port: the kernel has 28,000 ports for them by default.
    private const int MostSeconds = 600;
    private const long MostYields = 10_000_000_000;

    [Option("threads", MetaValue = "N", HelpText = "Green threads to park ten frames deep (10000; 500 in bound mode).")]
    public int? Threads { get; set; }

    [Option("connections", MetaValue = "N", HelpText = "Connections of the second process to the echo server (1000; 200 in bound mode).")]
    public int? Connections { get; set; }

    [Option("seconds", MetaValue = "S", HelpText = "How long the echo server is measured (5).")]
    public double? Seconds { get; set; }

    [Option("yields", MetaValue = "N", HelpText = "Yields to time (10000000; 1000000 in bound mode).")]
    public long? Yields { get; set; }

    [Option("json", HelpText = "Print the figures as JSON.")]
    public bool Json { get; set; }

    [Option("serve", MetaValue = "PORT", HelpText = "Only run the echo server on 127.0.0.1, until Ctrl-C; 0 picks a free port.")]
    public int? Serve { get; set; }

    [Option("damage", HelpText = "Damage one object on purpose: the check must find it and the exit code be 1.")]
    public bool Damage { get; set; }

    [Value(0, Hidden = true)]
    public IEnumerable<string> Unexpected { get; set; } = [];

    internal static bool TryParse(string[] args, out TourOptions? options, out int exitCode)
    {
        options = CommandLine.Parse<TourOptions>(args, static parsed => parsed.Check(), out exitCode);
        return options is not null;
    }

    /// <summary>
    /// Fills in what was not given. In bound mode each green thread is an OS thread, of which a container may allow few: smaller numbers there,
    /// unless the user insists.
    /// </summary>
    internal TourPlan Plan()
    {
        bool isBound = GreenRuntime.Mode == GreenRuntimeMode.Bound;
        return new TourPlan(
            Threads ?? (isBound ? 500 : 10_000),
            Connections ?? (isBound ? 200 : 1_000),
            Seconds ?? 5,
            Yields ?? (isBound ? 1_000_000 : 10_000_000),
            isBound ? "bound mode: every green thread is an OS thread, so the numbers that were not given are smaller ones" : null);
    }

    private string? Check()
    {
        if (Unexpected.FirstOrDefault() is { } unexpected)
            return $"'{unexpected}' is not an option";
        if (Serve is not null && (Threads ?? Connections ?? Yields ?? Seconds) is not null || Serve is not null && (Json || Damage))
            return "--serve only serves: it goes with no other option";
        if (Serve is < IPEndPoint.MinPort or > IPEndPoint.MaxPort)
            return $"--serve must be from {IPEndPoint.MinPort} to {IPEndPoint.MaxPort}";
        return CheckRange("threads", Threads, 1, MostThreads) ?? CheckRange("connections", Connections, 1, MostConnections)
            ?? CheckRange("seconds", Seconds, 0.1, MostSeconds) ?? CheckRange("yields", Yields, 2, MostYields);
    }

    // Written so that NaN is out of range too.
    private static string? CheckRange(string option, double? value, double least, double most) =>
        value is null || value >= least && value <= most ? null : FormattableString.Invariant($"--{option} must be from {least} to {most}");
}

/// <summary>What will be run.</summary>
internal sealed record TourPlan(int Threads, int Connections, double Seconds, long Yields, string? Note);
