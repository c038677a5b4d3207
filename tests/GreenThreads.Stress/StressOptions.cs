using CommandLine;

namespace GreenThreads.Stress;

/// <summary>What to run, from the command line.</summary>
internal sealed class StressOptions
{
    [Option("seconds", Default = 60, HelpText = "How long, in seconds, all worlds together.")]
    public int Seconds { get; set; }

    [Option("threads", Default = 500, HelpText = "Green threads (or coroutines) at once.")]
    public int Threads { get; set; }

    [Option("carriers", Default = 4, HelpText = "OS threads that coroutines migrate between, in the migrate world.")]
    public int Carriers { get; set; }

    [Option("seed", Default = 0, HelpText = "Seed of all random choices; 0 takes one from the clock. It is printed.")]
    public int Seed { get; set; }

    [Option("world", Default = "all", HelpText = "api: the public API on one scheduler. migrate: coroutines that change OS threads with every resume. all: both.")]
    public string World { get; set; } = "all";

    /// <summary>Returns what is wrong with the values, or null.</summary>
    internal string? Check()
    {
        if (Seconds < 1)
            return "--seconds must be at least 1";
        if (Threads < 1)
            return "--threads must be at least 1";
        if (Carriers < 1)
            return "--carriers must be at least 1";
        return World is "api" or "migrate" or "all" ? null : $"--world must be api, migrate or all, not '{World}'";
    }
}
