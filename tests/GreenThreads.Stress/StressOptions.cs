using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;

namespace GreenThreads.Stress;

/// <summary>What to run, from the command line.</summary>
internal sealed record StressOptions
{
    private const int BadUsage = 2;

    private static readonly string[] s_worlds = ["api", "migrate", "skynet", "ring", "pairs", "affine", "shutdown", "stuck", "waits", "fresh", "philosophers", "barber", "threadring", "chameneos"];

    internal required int Seconds { get; init; }

    internal required int Threads { get; init; }

    internal required int Carriers { get; init; }

    internal required int Seed { get; init; }

    internal required string World { get; init; }

    internal required int Schedulers { get; init; }

    internal required int ScheduleSeed { get; init; }

    internal required int Leaves { get; init; }

    internal required int RingSize { get; init; }

    internal required int Laps { get; init; }

    internal required long Pairs { get; init; }

    internal required bool Across { get; init; }

    internal required int Patience { get; init; }

    internal required int Rest { get; init; }

    internal bool Runs(string world) => World == world || World == "all";

    /// <summary>A group as the options say.</summary>
    internal SchedulerGroupOptions GroupOptions(string name) =>
        new() { Name = name, Schedulers = Schedulers, Seed = ScheduleSeed == 0 ? null : ScheduleSeed };

    /// <summary>Parses the command line; tells of a mistake in one line.</summary>
    /// <returns>Null when there is nothing more to do than to exit.</returns>
    internal static StressOptions? Parse(string[] args, out int exitCode)
    {
        Option<int> seconds = Number("--seconds", 60, 1, "How long, in seconds, all worlds together.");
        Option<int> threads = Number("--threads", 500, 1, "Green threads (or coroutines) at once.");
        Option<int> carriers = Number("--carriers", 4, 1, "OS threads that coroutines migrate between, in the migrate world.");
        Option<int> seed = Number("--seed", 0, 0, "Seed of all random choices; 0 takes one from the clock. It is printed.");
        Option<int> schedulers = Number("--schedulers", 0, 0, "Schedulers of each group; 0 takes GREENTHREADS_SCHEDULERS or as many as there are processors.");
        Option<int> scheduleSeed = Number("--schedule-seed", 0, 0, "Seed with which schedulers change the order of green threads; 0 for no changes.");
        Option<int> leaves = Number("--leaves", 0, 0, "Leaves of a tree in the skynet world, a power of ten; 0 for 1000000, or 100000 among all worlds.");
        Option<int> ringSize = Number("--ring", 100, 2, "Green threads of a ring in the ring world.");
        Option<int> laps = Number("--laps", 1000, 1, "How often a token goes round a ring.");
        var pairs = new Option<long>("--pairs") { HelpName = "N", Description = "The pairs world ends after N park/unpark pairs, whatever the time; 0 (default) for when time is up." };
        var across = new Option<bool>("--across") { Description = "In the pairs world, everybody keeps apart, and --pairs counts only unparks of one on another scheduler." };
        Option<int> patience = Number("--patience", 60, 1, "Seconds without progress that count as a hang.");
        Option<int> rest = Number("--rest", 3, 0, "Milliseconds between two forced collections, at most.");
        var world = new Option<string>("--world")
        {
            DefaultValueFactory = static _ => "all",
            Description = "api: checked bodies through the public API. migrate: coroutines that change OS threads with every resume. skynet: a tree of joins. "
                + "ring: tokens go round. pairs: park and unpark across schedulers. affine: parks that must stay on their OS thread. "
                + "shutdown: groups come and go. stuck: blocking and computing beside tickers. waits: stock blocking code. "
                + "fresh: short ones that find fresh thread statics. "
                + "philosophers: mutexes in an order, with impatience. barber: semaphores, and books that must be right. all: each for its part of the time.",
        };
        world.AcceptOnlyFromAmong([.. s_worlds, "all"]);
        leaves.Validators.Add(static result =>
        {
            if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out int value) && value != 0 && !IsPowerOfTen(value))
                result.AddError("--leaves must be a power of ten");
        });
        var root = new RootCommand("Green threads that check all they have, while others force collections.")
        {
            seconds, threads, carriers, seed, world, schedulers, scheduleSeed, leaves, ringSize, laps, pairs, across, patience, rest,
        };
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
        string chosen = result.GetValue(world)!;
        int givenSchedulers = result.GetValue(schedulers);
        int givenLeaves = result.GetValue(leaves);
        return new StressOptions
        {
            Seconds = result.GetValue(seconds),
            Threads = result.GetValue(threads),
            Carriers = result.GetValue(carriers),
            Seed = result.GetValue(seed) is var given and not 0 ? given : Environment.TickCount & int.MaxValue,
            World = chosen,
            Schedulers = givenSchedulers != 0 ? givenSchedulers : new SchedulerGroupOptions().EffectiveSchedulers,
            ScheduleSeed = result.GetValue(scheduleSeed),
            Leaves = givenLeaves != 0 ? givenLeaves : chosen == "all" ? 100_000 : 1_000_000,
            RingSize = result.GetValue(ringSize),
            Laps = result.GetValue(laps),
            Pairs = result.GetValue(pairs),
            Across = result.GetValue(across),
            Patience = result.GetValue(patience),
            Rest = result.GetValue(rest),
        };
    }

    private static bool IsPowerOfTen(int value)
    {
        while (value % 10 == 0)
            value /= 10;
        return value == 1;
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
