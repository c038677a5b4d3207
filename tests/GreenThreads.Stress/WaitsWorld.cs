using System.Diagnostics;

namespace GreenThreads.Stress;

/// <summary>
/// Stock blocking code on green threads and OS threads at once: locks held over parks, semaphores, events, monitors, tasks, with timeouts and tokens that race the
/// signal. What is taken and given is counted: nothing may get lost, and nothing be taken twice.
/// </summary>
internal sealed class WaitsWorld : World
{
    private const int OsThreads = 4;

    private GroupRun? _run;
    private WaitsTable? _table;

    internal override string Name => "waits";

    internal override bool RunsBound => true;

    internal override IReadOnlyList<SchedulerGroup> Groups => _run is null ? [] : [_run.Group];

    internal override string Summary => $"{Parties.Sum(static party => party.Count)} rounds, {_table?.TimedOut} timeouts, {_table?.Canceled} cancellations, "
        + $"{SnapshotText.Waits(_run?.Group)}, {SnapshotText.Totals(_run?.Group)}";

    internal override void Run(StressOptions options, int seed, TimeSpan duration)
    {
        _run = new GroupRun(this, options);
        _table = new WaitsTable();
        long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        int count = Math.Min(options.Threads, 60);
        GreenThread?[] threads = new GreenThread?[count];
        Parties = [.. Enumerable.Range(0, count + OsThreads).Select(i => new Party(i < count ? $"green {i}" : $"OS {i - count}", () => i < count ? $"{threads[i]}" : ""))];
        for (int i = 0; i < count; i++)
        {
            int id = i;
            threads[i] = _run.Group.Spawn(() => Guard($"green {id}", () => Loop(id, new Random(seed + id), end)));
        }
        Thread[] osThreads = [.. Enumerable.Range(count, OsThreads).Select(id => new Thread(() => Guard($"OS {id - count}", () => Loop(id, new Random(seed + id), end))))];
        foreach (Thread thread in osThreads)
            thread.Start();
        foreach (GreenThread? thread in threads)
            thread!.Join();
        foreach (Thread thread in osThreads)
            thread.Join();
        foreach (string difference in _table.Audit())
            Failures.Enqueue(difference);
        if (GreenRuntime.Mode == GreenRuntimeMode.Switched && _run.Group.Snapshot().Schedulers.Sum(static one => one.ManagedWaits.HandedOver) == 0)
            Failures.Enqueue("no wait was handed over");
        _run.End();
    }

    private void Loop(int id, Random random, long end)
    {
        Party party = Parties[id];
        while (Stopwatch.GetTimestamp() < end)
        {
            _table!.Any(random);
            party.Step();
        }
        party.IsDone = true;
    }
}
