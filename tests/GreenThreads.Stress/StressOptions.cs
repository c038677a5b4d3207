using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;

namespace GreenThreads.Stress;

/// <summary>What to run, from the command line.</summary>
internal sealed record StressOptions(int Seconds, int Threads, int Carriers, int Seed, string World)
{
    private const int BadUsage = 2;

    /// <summary>Parses the command line; tells of a mistake in one line.</summary>
    /// <returns>Null when there is nothing more to do than to exit.</returns>
    internal static StressOptions? Parse(string[] args, out int exitCode)
    {
        Option<int> seconds = Number("--seconds", 60, 1, "How long, in seconds, all worlds together.");
        Option<int> threads = Number("--threads", 500, 1, "Green threads (or coroutines) at once.");
        Option<int> carriers = Number("--carriers", 4, 1, "OS threads that coroutines migrate between, in the migrate world.");
        Option<int> seed = Number("--seed", 0, 0, "Seed of all random choices; 0 takes one from the clock. It is printed.");
        var world = new Option<string>("--world")
        {
            DefaultValueFactory = static _ => "all",
            Description = "api: the public API on one scheduler. migrate: coroutines that change OS threads with every resume. all: both.",
        };
        world.AcceptOnlyFromAmong("api", "migrate", "all");
        var root = new RootCommand("Green threads that check all they have, while others force collections.") { seconds, threads, carriers, seed, world };
        root.SetAction(static _ => { }); // never invoked

        exitCode = 0;
        ParseResult result = root.Parse(args);
        if (result.Action is HelpAction)
        {
            result.Invoke();
            return null;
        }
        if (result.Errors is [ParseError error, ..])
        {
            Console.Error.WriteLine($"GreenThreads.Stress: {error.Message.ReplaceLineEndings(" ").TrimEnd('.', ' ')}; --help lists the options");
            exitCode = BadUsage;
            return null;
        }
        return new StressOptions(result.GetValue(seconds), result.GetValue(threads), result.GetValue(carriers), result.GetValue(seed), result.GetValue(world)!);
    }

    private static Option<int> Number(string name, int standard, int least, string description)
    {
        var option = new Option<int>(name) { HelpName = "N", DefaultValueFactory = _ => standard, Description = description };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out int value) && value < least)
                result.AddError($"{name} must be at least {least}");
        });
        return option;
    }
}
