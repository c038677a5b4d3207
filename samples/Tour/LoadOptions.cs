using CommandLine;

namespace GreenThreads.Tour;

/// <summary>The arguments of the second process, which <see cref="EchoMeasurement"/> starts. Not for users.</summary>
internal sealed class LoadOptions
{
    internal const string Verb = "load";
    internal const int BadUsage = CommandLine.BadUsage;

    [Option("port", Required = true)]
    public int Port { get; set; }

    [Option("connections", Required = true)]
    public int Connections { get; set; }

    [Option("seconds", Required = true)]
    public double Seconds { get; set; }

    internal static LoadOptions? Parse(string[] args) => CommandLine.Parse<LoadOptions>(args, static _ => null, out _);
}
