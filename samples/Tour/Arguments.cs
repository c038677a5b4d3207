using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Net;

namespace GreenThreads.Tour;

// The command line. System.CommandLine parses; one line says what was wrong, without the page of help that it would print.
// Rejected: CommandLineParser 2.9.1. It drops an option without its value in silence: "--serve" would start the whole tour.
internal sealed class Arguments
{
    internal const int BadUsage = 2;

    /// <summary>The hidden verb that makes this program the second process.</summary>
    internal const string LoadVerb = "load";

    private readonly Option<int?> _threads = Number<int>("--threads", "N", 1, 1_000_000,
        "Green threads to park ten frames deep (10000; 500 in bound mode).");

    // At most 20,000: from one address to one port the kernel has 28,000 ports by default.
    private readonly Option<int?> _connections = Number<int>("--connections", "N", 1, 20_000,
        "Connections of the second process to the echo server (1000; 200 in bound mode).");
    private readonly Option<double?> _seconds = Number<double>("--seconds", "S", 0.1, 600, "How long the echo server is measured (3).");
    private readonly Option<long?> _yields = Number<long>("--yields", "N", 2, 10_000_000_000,
        "Yields to time (10000000; 1000000 in bound mode).");
    private readonly Option<bool> _json = new("--json") { Description = "Print the figures as JSON." };
    private readonly Option<int?> _serve = Number<int>("--serve", "PORT", IPEndPoint.MinPort, IPEndPoint.MaxPort,
        "Only run the echo server on 127.0.0.1, until Ctrl-C; 0 picks a free port.");
    private readonly Option<bool> _damage = new("--damage")
    {
        Description = "Damage one object on purpose: the check must find it and the exit code be 1.",
    };
    private readonly Option<int?> _port = Number<int>("--port", "PORT", 1, IPEndPoint.MaxPort, "Where the server is.");
    private readonly RootCommand _root;
    private readonly Command _load;

    internal Arguments()
    {
        _load = new Command(LoadVerb) { _port, _connections, _seconds };
        _load.Hidden = true;
        _load.Validators.Add(result =>
        {
            if (result.GetValue(_port) is null || result.GetValue(_connections) is null || result.GetValue(_seconds) is null)
                result.AddError("load is for the second process, which gets --port, --connections and --seconds");
        });
        _root = new RootCommand("Shows what green threads do, and measures it.")
        {
            _threads, _connections, _seconds, _yields, _json, _serve, _damage, _load,
        };
        _root.SetAction(static _ => { }); // Never invoked; a root without an action would want a verb.
        _root.Options.Remove(_root.Options.OfType<VersionOption>().Single());
        _root.Validators.Add(result =>
        {
            Option[] others = [_threads, _connections, _seconds, _yields, _json, _damage];
            if (result.GetResult(_serve) is not null && others.Any(option => result.GetResult(option) is { Implicit: false }))
                result.AddError("--serve only serves: it goes with no other option");
        });
    }

    /// <summary>Returns <see cref="TourOptions"/>, <see cref="LoadOptions"/>, or null when there is nothing more to do than to exit.</summary>
    internal object? Parse(string[] args, out int exitCode)
    {
        ParseResult result = _root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        exitCode = 0;
        if (result.Action is HelpAction)
        {
            result.Invoke();
            return null;
        }
        if (result.Errors is [ParseError error, ..])
        {
            Console.Error.WriteLine($"Tour: {error.Message.ReplaceLineEndings(" ").TrimEnd('.', ' ')}; --help lists the options");
            exitCode = BadUsage;
            return null;
        }
        return result.CommandResult.Command == _load
            ? new LoadOptions(result.GetValue(_port)!.Value, result.GetValue(_connections)!.Value, result.GetValue(_seconds)!.Value)
            : new TourOptions(result.GetValue(_threads), result.GetValue(_connections), result.GetValue(_seconds), result.GetValue(_yields),
                result.GetValue(_json), result.GetValue(_serve), result.GetValue(_damage));
    }

    private static Option<T?> Number<T>(string name, string helpName, T least, T most, string description)
        where T : struct, IComparable<T>, IParsable<T>, IFormattable
    {
        return new Option<T?>(name)
        {
            HelpName = helpName,
            Description = description,
            CustomParser = result =>
            {
                // NaN compares as less than any number.
                if (result.Tokens is [{ Value: var text }] && T.TryParse(text, null, out T value) && value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0)
                    return value;
                result.AddError(FormattableString.Invariant($"{name} takes one number from {least} to {most}"));
                return null;
            },
        };
    }
}
