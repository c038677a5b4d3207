using System.Collections.Concurrent;

namespace GreenThreads.Tests;

/// <summary>A group for a test about deadlocks: it looks early, and the test host's own timers and threads hold nothing back unless the test wants that.</summary>
internal sealed class DeadlockWorld : IDisposable
{
    private readonly TaskCompletionSource<DeadlockReport> _report = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<DeadlockReport> _reports = new();

    internal DeadlockWorld(int? schedulers = null, TimeSpan? patience = null, bool ignoresOutsideActivity = true)
    {
        Group = new SchedulerGroup(new SchedulerGroupOptions
        {
            Name = "kernel",
            Schedulers = schedulers,
            DeadlockPatience = patience ?? TimeSpan.FromMilliseconds(20),
            IgnoresOutsideActivity = ignoresOutsideActivity,
            LoggerFactory = Logger,
        });
        Group.DeadlockDetected += (_, report) =>
        {
            _reports.Enqueue(report);
            _report.TrySetResult(report);
        };
    }

    internal SchedulerGroup Group { get; }

    internal RecordingLogger Logger { get; } = new();

    internal int Reports => _reports.Count;

    internal string AllReports => string.Join("\n\n", _reports);

    /// <summary>Waits for the report of a deadlock.</summary>
    internal DeadlockReport WaitForReport() => _report.Task.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();

    /// <summary>Runs a root green thread, which an OS thread spawns that ends at once: what the root makes, nobody outside knows.</summary>
    internal GreenThread Spawn(Action body, string name = "root") => SpawnFromOutside(() => Group.Spawn(body, name));

    internal GreenThread SpawnDaemon(Action body) => SpawnFromOutside(() => Group.SpawnDaemon(body, "daemon"));

    private static GreenThread SpawnFromOutside(Func<GreenThread> spawn)
    {
        GreenThread? spawned = null;
        var thread = new Thread(() => spawned = spawn());
        thread.Start();
        thread.Join();
        return spawned!;
    }

    public void Dispose() => Group.Dispose();
}
