using System.Diagnostics;
using System.Text;
using Xunit.Abstractions;

namespace GreenThreads.Conformance;

/// <summary>
/// Green threads by the hundred, on two schedulers: runs them, waits for all, rethrows what they threw, and counts the OS threads that it
/// took.
/// </summary>
internal static class Crowd
{
    /// <summary>
    /// How many OS threads any number of blocked green threads may add: schedulers, waiters, the thread pool and what the runtime itself
    /// starts.
    /// </summary>
    internal const int MostOsThreads = 150;

    // Two, unless somebody wants to know what it is like with another number.
    private static readonly int s_schedulers =
        int.TryParse(Environment.GetEnvironmentVariable("GREENTHREADS_SCHEDULERS"), out int asked) ? asked : 2;

    /// <summary>Runs it as many times, each on a green thread of its own, with the number from 0 on.</summary>
    internal static void Run(ITestOutputHelper output, int count, Action<int> body) =>
        Run(output, [.. Enumerable.Range(0, count).Select(i => (Action)(() => body(i)))]);

    /// <summary>Runs each on a green thread of its own.</summary>
    internal static void Run(ITestOutputHelper output, params IReadOnlyList<Action> bodies)
    {
        using var sampler = new OsThreadSampler();
        var watch = Stopwatch.StartNew();
        var log = new LogOfTest();
        var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "crowd", Schedulers = s_schedulers, LoggerFactory = log });
        try
        {
            GreenThread[] threads = [.. bodies.Select(body => group.Spawn(body))];
            foreach (GreenThread thread in threads)
            {
                TimeSpan left = TimeLimit.Generous - watch.Elapsed;
                if (left < TimeSpan.Zero || !thread.Join(left))
                    throw new TimeoutException(DescribeHang(group, threads));
            }
        }
        finally
        {
            SchedulerGroupSnapshot snapshot = group.Snapshot();
            output.WriteLine(
                $"{bodies.Count} green threads in {watch.Elapsed.TotalSeconds:f2} s; "
                + $"{sampler.Most - sampler.Before} OS threads more than the {sampler.Before} before; "
                + $"{snapshot.Schedulers.Count(static scheduler => scheduler.IsSpare)} spare schedulers, "
                + $"stuck in native code {snapshot.Schedulers.Sum(static scheduler => scheduler.StuckInNativeCode)} times, "
                + $"computing {snapshot.Schedulers.Sum(static scheduler => scheduler.StuckComputing)} times");
            foreach (string message in log.Messages)
                output.WriteLine(message);
            group.Dispose();
        }
        if (GreenRuntime.Mode == GreenRuntimeMode.Switched)
        {
            int added = sampler.Most - sampler.Before;
            Assert.True(added < MostOsThreads, $"{bodies.Count} green threads took {added} OS threads");
        }
    }

    private static string DescribeHang(SchedulerGroup group, GreenThread[] threads)
    {
        int[] unfinished = [.. Enumerable.Range(0, threads.Length).Where(i => threads[i].State != GreenThreadState.Ended)];
        var text = new StringBuilder();
        string states = string.Join(", ", unfinished.Take(20).Select(i => $"{i} {threads[i].State}"));
        text.AppendLine($"{unfinished.Length} of {threads.Length} green threads did not end: {states}");
        text.AppendLine(group.Snapshot().ToString());
        foreach (SchedulerSnapshot scheduler in group.Snapshot().Schedulers)
            text.AppendLine(scheduler.ToString());
        // Those that hold up an OS thread first.
        IReadOnlyList<UnfinishedGreenThread> left = group.Shutdown(TimeSpan.Zero).Unfinished;
        foreach (UnfinishedGreenThread thread in left.OrderBy(static thread => thread.Thread.State != GreenThreadState.Running).Take(20))
            text.AppendLine($"{thread.Thread} did not end when it was cancelled, in {string.Join(" < ", thread.Stack)}");
        return text.ToString();
    }
}
