using System.CommandLine;
using System.Globalization;

namespace GreenThreads.Samples.Crashing;

internal static class Program
{
    private static int Main(string[] args)
    {
        Option<double> time = CommandLine.Number("--time-budget", "SECONDS", 0.01, 600.0, 1.0, "A handler that takes longer is ended");
        Option<int> memory = CommandLine.Number("--memory-budget", "MB", 1, 1024, 16, "A handler that asks for more fails");
        var budgetOf = new Option<KeyValuePair<string, TimeSpan>[]>("--time-budget-of")
        {
            HelpName = "NAME=SECONDS",
            Description = "The same for one handler. May be given several times.",
            CustomParser = static result =>
            {
                try
                {
                    return [.. result.Tokens.Select(static token => Parse(token.Value))];
                }
                catch (FormatException exception)
                {
                    result.AddError(exception.Message);
                    return [];
                }
            },
        };
        var root = new RootCommand("A server whose handlers throw, exceed their budgets, or never return, and which goes on; nc is the client.") { time, budgetOf, memory };
        var settings = new ServerSettings(root, port: 7070);
        return CommandLine.Run(root, args, result =>
        {
            TimeSpan usual = TimeSpan.FromSeconds(result.GetValue(time));
            Dictionary<string, TimeSpan> budgets = Handlers.All.Keys.ToDictionary(static name => name, _ => usual);
            foreach ((string name, TimeSpan budget) in result.GetValue(budgetOf) ?? [])
                budgets[name] = budget;
            long memoryBudget = result.GetValue(memory) * 1024L * 1024;
            return settings.Run(result, () =>
            {
                using var services = new Services(budgets, memoryBudget);
                TcpServer.Run(settings, stream => new CommandSession(stream, services));
            });
        });
    }

    private static KeyValuePair<string, TimeSpan> Parse(string text)
    {
        string[] parts = text.Split('=');
        if (parts is [var name, var number] && Handlers.All.ContainsKey(name) && double.TryParse(number, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and <= 600)
            return new KeyValuePair<string, TimeSpan>(name, TimeSpan.FromSeconds(seconds));
        throw new FormatException("--time-budget-of takes the name of a handler and seconds up to 600, such as wait=0.5");
    }
}
