using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;

namespace GreenThreads.Samples;

/// <summary>
/// What the samples have in common at their command line. System.CommandLine parses; one line on stderr says what was wrong, without the page of help that it would
/// print. Exit codes: 0 done, 1 something failed, 2 bad usage.
/// </summary>
internal static class CommandLine
{
    internal const int Failed = 1;
    internal const int BadUsage = 2;

    /// <summary>Parses, and runs the program if there was nothing wrong. What it throws as <see cref="IOException"/> is one line, too.</summary>
    internal static int Run(RootCommand root, string[] args, Func<ParseResult, int> program)
    {
        string name = typeof(CommandLine).Assembly.GetName().Name!;
        root.SetAction(static _ => { }); // Never invoked; a root without an action would want a verb.
        root.Options.Remove(root.Options.OfType<VersionOption>().Single());
        ParseResult result = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (result.Action is HelpAction)
            return result.Invoke();
        if (result.Errors is [ParseError error, ..])
        {
            Console.Error.WriteLine($"{name}: {error.Message.ReplaceLineEndings(" ").TrimEnd('.', ' ')}; --help lists the options");
            return BadUsage;
        }
        try
        {
            return program(result);
        }
        catch (Exception exception) when (exception is IOException or GreenThreadLimitException)
        {
            Console.Error.WriteLine($"{name}: {exception.Message}");
            return Failed;
        }
    }

    /// <summary>An option that takes a number within limits.</summary>
    internal static Option<T> Number<T>(string name, string helpName, T least, T most, T usual, string description)
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
