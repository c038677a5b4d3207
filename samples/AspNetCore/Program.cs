namespace GreenThreads.AspNetCoreSample;

// Exit codes: 0 done, 1 something failed, 2 bad arguments.
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true; // The servers are to end too.
            stop.Cancel();
        };
        try
        {
            return new Arguments().Parse(args, out int exitCode) switch
            {
                { Serve: { } kind } => Server.Run(kind),
                { } options => await MeasureAsync(options, stop.Token),
                null => exitCode,
            };
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Console.Error.WriteLine("AspNetCore: stopped");
            return 1;
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException or OperationCanceledException)
        {
            Console.Error.WriteLine($"AspNetCore: {exception.Message}");
            return 1;
        }
    }

    private static async Task<int> MeasureAsync(Options options, CancellationToken stop)
    {
        if (!options.Json)
            Figures.PrintHead(options.Clients, options.Seconds);
        var all = new List<Figures>();
        foreach (Kind kind in options.Kinds)
        {
            all.Add(await Load.RunAsync(kind, options.Clients, options.Seconds, stop));
            if (!options.Json)
                all[^1].Print();
        }
        if (options.Json)
            Figures.PrintJson(all);
        return 0;
    }
}
