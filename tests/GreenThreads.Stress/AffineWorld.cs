using System.Diagnostics;

namespace GreenThreads.Stress;

/// <summary>
/// Green threads that park where native frames lie on their stack, and must come back on the same OS thread (DESIGN.md §2 rule 9); beside that they park in
/// plain code, and go where they like.
/// </summary>
internal sealed class AffineWorld : World
{
    private GroupRun? _run;
    private GreenThread?[] _threads = [];
    private long _stays;

    internal override string Name => "affine";

    internal override IReadOnlyList<SchedulerGroup> Groups => _run is null ? [] : [_run.Group];

    internal override string Summary => $"{Parties.Sum(static party => party.Count)} rounds, {Volatile.Read(ref _stays)} parks that stayed, "
        + $"{Parties.Sum(static party => party.Moved)} that moved, {FreshTypes.Used} fresh types, {SnapshotText.Totals(_run?.Group)}";

    internal override void Run(StressOptions options, int seed, TimeSpan duration)
    {
        _run = new GroupRun(this, options);
        long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        int count = Math.Min(options.Threads, 20 * options.Schedulers);
        _threads = new GreenThread?[count];
        Parties = [.. Enumerable.Range(0, count).Select(i => new Party($"thread {i}", () => _threads[i]?.ToString() ?? ""))];
        for (int i = 0; i < count; i++)
        {
            int id = i;
            _threads[i] = _run.Group.Spawn(() => Guard($"thread {id}", () => Loop(id, new Random(seed + id), end)));
        }
        foreach (GreenThread? thread in _threads)
            thread!.Join();
        if (options.Schedulers > 1 && Parties.Sum(static party => party.Moved) == 0)
            Failures.Enqueue("nobody came back on another OS thread");
        if (_run.Group.Snapshot().Schedulers.Sum(static scheduler => scheduler.AffineParks.Values.Sum()) == 0)
            Failures.Enqueue("no scheduler has counted an affine park");
        _run.End();
    }

    private void Loop(int id, Random random, long end)
    {
        Party party = Parties[id];
        var places = new AffinePlaces(random, (places, depth) => Stay(places, random, depth));
        while (Stopwatch.GetTimestamp() < end)
        {
            int before = Interop.gettid();
            Pauses.Any(random, _threads);
            if (Interop.gettid() != before)
                party.Move();
            places.Any(depth: 0);
            party.Step();
        }
        party.IsDone = true;

        void Stay(AffinePlaces places, Random random, int depth)
        {
            Check.That(Coroutine.Current!.HasNativeFrames, "no native frame where there must be one");
            int osThread = Interop.gettid();
            for (int parks = random.Next(1, 4); parks > 0; parks--)
            {
                Pauses.Any(random, _threads);
                Check.That(Interop.gettid() == osThread, "an affine green thread came back on another OS thread");
                Interlocked.Increment(ref _stays);
            }
            if (depth < 3 && random.Next(4) == 0)
                places.Any(depth + 1);
            Check.That(Interop.gettid() == osThread, "an affine green thread came back on another OS thread");
        }
    }
}
