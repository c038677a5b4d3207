using System.CommandLine;
using System.Diagnostics;
using GreenThreads.Tour;

namespace GreenThreads.Samples.Sleepers;

internal static class Program
{
    private static readonly Option<int> s_threads = CommandLine.Number("--threads", "N", 1, 1_000_000, 20_000, "How many green threads");
    private static readonly Option<int> s_interval = CommandLine.Number("--interval", "MS", 1, 3_600_000, 100, "So many milliseconds each sleeps");
    private static readonly Option<int> s_seconds = CommandLine.Number("--seconds", "S", 1, 86_400, 10, "For how long");

    private static int Main(string[] args)
    {
        var root = new RootCommand("Green threads that wake again and again, and what they cost.") { s_threads, s_interval, s_seconds };
        return CommandLine.Run(root, args, static result =>
        {
            using var loggers = new ConsoleLoggerFactory();
            using var group = new SchedulerGroup(new SchedulerGroupOptions { LoggerFactory = loggers });
            int threads = result.GetValue(s_threads), seconds = result.GetValue(s_seconds);
            var sleepers = new Sleepers(group, TimeSpan.FromMilliseconds(result.GetValue(s_interval)));
            FormattableString head = $"{threads:N0} green threads, each wakes every {result.GetValue(s_interval)} ms; {Environment.ProcessorCount} cores";
            Print(head);
            long before = ProcessStatus.MemoryBytes, start = Stopwatch.GetTimestamp();
            sleepers.Start(threads);
            Print($"all have slept once after {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s; {(ProcessStatus.MemoryBytes - before) / (double)threads / 1024:F1} KB each");
            Print($"  wake-ups/s   late, mean ms    late, max ms     CPU of one core   memory MB   OS threads   collections");
            for (int i = 0; i < seconds; i++)
                Print(new Sample(sleepers).Line());
            sleepers.Stop();
            Print($"all {threads:N0} have ended; they woke {sleepers.WakeUps:N0} times");
            return 0;
        });
    }

    private static void Print(FormattableString text) => Console.WriteLine(FormattableString.Invariant(text));
}
