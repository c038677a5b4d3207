using CommandLine;
using CommandLine.Text;

namespace GreenThreads.Tour;

/// <summary>The library parses; whoever calls says in one line what was wrong.</summary>
internal static class CommandLine
{
    internal const int BadUsage = 2;

    /// <summary>Returns null with exit code 0 after the help was shown, or with <see cref="BadUsage"/> after one line on stderr.</summary>
    internal static T? Parse<T>(string[] args, Func<T, string?> check, out int exitCode)
        where T : class
    {
        using var parser = new Parser(settings =>
        {
            settings.HelpWriter = null;
            settings.AutoVersion = false;
        });
        ParserResult<T> result = parser.ParseArguments<T>(args);
        exitCode = 0;
        if (result.Errors.Any(error => error.Tag == ErrorType.HelpRequestedError))
        {
            Console.Out.Write(HelpOf(result));
            return null;
        }

        Error? error = result.Errors.FirstOrDefault();
        string? complaint = error is null ? check(result.Value) : SentenceBuilder.Create().FormatError(error);
        if (complaint is null)
            return result.Value;
        Console.Error.WriteLine($"Tour: {complaint.ReplaceLineEndings(" ").TrimEnd('.', ' ')}; --help lists the options");
        exitCode = BadUsage;
        return null;
    }

    private static string HelpOf<T>(ParserResult<T> result)
    {
        HelpText help = HelpText.AutoBuild(result, text =>
        {
            text.AutoVersion = false;
            text.AdditionalNewLineAfterOption = false;
            text.Heading = "Tour: shows what green threads do, and measures it.";
            text.Copyright = "Usage: dotnet run -c Release --project samples/Tour [-- options]";
            return text;
        }, maxDisplayWidth: 120);
        return help.ToString().TrimEnd() + Environment.NewLine;
    }
}
