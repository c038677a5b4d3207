using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;

namespace GreenThreads.AspNetCoreSample;

/// <summary>What is to be measured, or served.</summary>
internal sealed record Options(IReadOnlyList<Kind> Kinds, int Clients, double Seconds, bool Json, Kind? Serve);

// The command line. System.CommandLine parses; one line says what was wrong, without the page of help that it would print.
internal sealed class Arguments
{
    internal const int BadUsage = 2;

    /// <summary>The hidden verb that makes this program the server.</summary>
    internal const string ServeVerb = "serve";

    private readonly Option<bool> _without = new("--without") { Description = "Measure the endpoint that blocks, without green threads." };
    private readonly Option<bool> _with = new("--with") { Description = "Measure the same with green threads." };
    private readonly Option<bool> _async = new("--async") { Description = "Measure the endpoint rewritten with await, without green threads. (All three, if none is named.)" };
    private readonly Option<int> _clients = Number("--clients", "N", 1, 10_000, 1000, "Requests that are under way at once");
    private readonly Option<double> _seconds = Number("--seconds", "S", 0.1, 600.0, 10.0, "How long requests are sent to each");
    private readonly Option<bool> _json = new("--json") { Description = "Print the figures as JSON." };
    private readonly Argument<Kind> _kind = new("KIND");
    private readonly RootCommand _root;
    private readonly Command _serve;

    internal Arguments()
    {
        _serve = new Command(ServeVerb) { _kind };
        _serve.Hidden = true;
        _root = new RootCommand("Measures an ASP.NET Core endpoint that blocks, on the thread pool and on green threads.")
        {
            _without, _with, _async, _clients, _seconds, _json, _serve,
        };
        _root.SetAction(static _ => { }); // Never invoked; a root without an action would want a verb.
        _root.Options.Remove(_root.Options.OfType<VersionOption>().Single());
    }

    internal static string NameOf(Kind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>Returns null when there is nothing more to do than to exit.</summary>
    internal Options? Parse(string[] args, out int exitCode)
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
            Console.Error.WriteLine($"AspNetCore: {error.Message.ReplaceLineEndings(" ").TrimEnd('.', ' ')}; --help lists the options");
            exitCode = BadUsage;
            return null;
        }
        if (result.CommandResult.Command == _serve)
            return new Options([], 0, 0, false, result.GetValue(_kind));
        Kind[] kinds = [.. Asked(result)];
        return new Options(kinds.Length == 0 ? Enum.GetValues<Kind>() : kinds, result.GetValue(_clients), result.GetValue(_seconds), result.GetValue(_json), null);
    }

    private IEnumerable<Kind> Asked(ParseResult result)
    {
        if (result.GetValue(_without))
            yield return Kind.Without;
        if (result.GetValue(_with))
            yield return Kind.With;
        if (result.GetValue(_async))
            yield return Kind.Async;
    }

    private static Option<T> Number<T>(string name, string helpName, T least, T most, T usual, string description)
        where T : struct, IComparable<T>, IParsable<T>, IFormattable
    {
        return new Option<T>(name)
        {
            HelpName = helpName,
            Description = FormattableString.Invariant($"{description} ({usual})."),
            DefaultValueFactory = _ => usual,
            CustomParser = result =>
            {
                // NaN compares as less than any number.
                if (result.Tokens is [{ Value: var text }] && T.TryParse(text, null, out T value) && value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0)
                    return value;
                result.AddError(FormattableString.Invariant($"{name} takes one number from {least} to {most}"));
                return default;
            },
        };
    }
}
