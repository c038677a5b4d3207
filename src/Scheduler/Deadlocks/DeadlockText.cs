using System.Globalization;
using System.Text;

namespace GreenThreads;

/// <summary>A report of a deadlock as text.</summary>
internal static class DeadlockText
{
    // Of each kind of list; a line says how many are left out.
    private const int MaximumCycles = 20;
    private const int MaximumInCycle = 50;
    private const int MaximumTargets = 50;
    private const int MaximumSites = 20;
    private const int MaximumNames = 10;

    private static readonly string[] s_bodyCallers = ["GreenThreads.GreenThread.InvokeBody", "GreenThreads.GreenThread.RunBody", "System.Threading.ExecutionContext.RunInternal"];
    private static readonly string[] s_parking = ["GreenThreads.ContextSwitch.", "GreenThreads.Scheduler.", "GreenThreads.GreenThread.Park", "GreenThreads.GreenPrimitive."];

    internal static string Of(DeadlockReport report)
    {
        var text = new StringBuilder();
        int count = report.Waits.Count(static wait => wait.GreenThread is not null);
        text.Append(CultureInfo.InvariantCulture, $"Deadlock in the group {report.Group.Name}: none of its {count} green threads can ever go on.");
        AppendFirst(text, report.Cycles, MaximumCycles, "", "cycles", AppendCycle);
        Line(text, "Who waits for what:");
        AppendFirst(text, [.. report.Waits.GroupBy(static wait => wait.TargetsText).OrderByDescending(Enumerable.Count)], MaximumTargets, "  ", "targets", AppendTarget);
        foreach (DeadlockWait wait in report.Waits)
        {
            if (wait.Stack.Count != 0)
                Line(text, $"Stack of {wait.Name}: {string.Join(" < ", OwnPart(wait.Stack))}");
        }
        return text.ToString();
    }

    // Without what is below every body, and what parks.
    private static IEnumerable<string> OwnPart(IReadOnlyList<string> stack) => stack.TakeWhile(static method => !s_bodyCallers.Contains(method))
        .SkipWhile(static method => s_parking.Any(type => method.StartsWith(type, StringComparison.Ordinal)));

    private static void AppendCycle(StringBuilder text, IReadOnlyList<DeadlockWait> cycle)
    {
        Line(text, $"Cycle of {cycle.Count}:");
        AppendFirst(text, cycle, MaximumInCycle, "  ", "in it", static (text, wait) => Line(text, $"  {wait}"));
    }

    private static void AppendTarget(StringBuilder text, IGrouping<string, DeadlockWait> target)
    {
        Line(text, $"  {target.Key}:");
        AppendFirst(text, [.. target.GroupBy(static wait => wait.SpawnSite).OrderByDescending(Enumerable.Count)], MaximumSites, "    ", "spawn sites", AppendSite);
    }

    private static void AppendSite(StringBuilder text, IGrouping<string, DeadlockWait> site)
    {
        DeadlockWait[] waits = [.. site];
        string names = string.Join(", ", waits.Take(MaximumNames).Select(static wait => wait.Name));
        string more = waits.Length > MaximumNames ? $", and {waits.Length - MaximumNames} more" : "";
        string spawned = site.Key.Length == 0 ? "" : $", spawned at {site.Key}";
        Line(text, waits.Length == 1 ? $"    {names}{spawned}" : $"    {waits.Length}{spawned}: {names}{more}");
    }

    private static void AppendFirst<T>(StringBuilder text, IReadOnlyList<T> all, int maximum, string indent, string what, Action<StringBuilder, T> append)
    {
        for (int i = 0; i < Math.Min(all.Count, maximum); i++)
            append(text, all[i]);
        if (all.Count > maximum)
            Line(text, $"{indent}and {all.Count - maximum} more {what}");
    }

    private static void Line(StringBuilder text, string line) => text.Append('\n').Append(line);
}
