using Microsoft.Extensions.Logging;

namespace GreenThreads;

// What is logged of a scheduler that is stuck: one line a minute for each place in the source that spawns such green threads, so that a program that
// blocks all day does not fill the log with it.
internal sealed partial class SchedulerMonitor
{
    // Sites remembered; when there are more, all are forgotten and may be logged once more.
    private const int MaximumSites = 1000;

    private readonly Dictionary<(string Site, bool IsComputing), Deadline> _nextReports = [];

    // Not at once if its method has no name yet and need not be reported now.
    private void Report(Watch watch, GreenThread thread, bool mustBeNow)
    {
        watch.Nameless = null;
        (string, bool) site = (thread.SpawnSite, watch.IsComputing);
        if (_nextReports.TryGetValue(site, out Deadline next) && !next.HasPassed)
            return;
        string? method = watch.Scheduler.Running == thread ? StuckMethodOf(thread) : null;
        if (method is null && !mustBeNow)
        {
            watch.Nameless = thread;
            return;
        }
        if (_nextReports.Count >= MaximumSites)
            _nextReports.Clear();
        _nextReports[site] = Deadline.After(s_logInterval);
        method ??= "an unknown method";
        string scheduler = watch.Scheduler.Name, name = thread.Name ?? "green thread";
        string doing = watch.IsComputing ? "computes" : "is blocked in native code";
        double milliseconds = watch.Unchanged.TotalMilliseconds;
        Log.Post(() => LogStuck(_logger, scheduler, name, thread.Id, thread.SpawnSite, milliseconds, doing, method));
    }

    // The innermost method and, if that is the framework's, the first one that is not: whoever reads the line looks for code of theirs.
    private static string? StuckMethodOf(GreenThread thread)
    {
        IReadOnlyList<string> methods = thread.MethodsFromOutside();
        if (methods.Count == 0)
            return null;
        string? own = methods.FirstOrDefault(static method => !IsOfFramework(method));
        return own is null || own == methods[0] ? methods[0] : $"{methods[0]}, called from {own}";
    }

    private static bool IsOfFramework(string method) => method.StartsWith("System.", StringComparison.Ordinal)
        || method.StartsWith("Microsoft.", StringComparison.Ordinal) || method.StartsWith("Interop.", StringComparison.Ordinal)
        || method.StartsWith("Interop+", StringComparison.Ordinal) || method.StartsWith("GreenThreads.GreenThread", StringComparison.Ordinal)
        || method.StartsWith('[');

    [LoggerMessage(Level = LogLevel.Warning, Message = "Scheduler {Scheduler} is stuck: {Thread} {Id}, spawned at {Site}, has run for {Milliseconds:F0} ms and "
        + "{Doing}, in {Method}. Others take over the scheduler's work; see docs/blocking.md")]
    private static partial void LogStuck(ILogger logger, string scheduler, string thread, long id, string site, double milliseconds, string doing, string method);
}
