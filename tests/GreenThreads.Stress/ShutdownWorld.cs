using System.Diagnostics;

namespace GreenThreads.Stress;

/// <summary>
/// Groups that are started, loaded and shut down, over and over. At the end of each nobody lives, everything is given back, and it did not take long.
/// </summary>
internal sealed class ShutdownWorld : World
{
    private static readonly TimeSpan s_promised = TimeSpan.FromSeconds(1);

    // On a machine that is busy with other things a late shutdown is counted, not a fault; one that is as late as this is.
    private static readonly TimeSpan s_tolerated = TimeSpan.FromSeconds(5);

    private readonly Party _party;
    private SchedulerGroup? _group;
    private string _doing = "";
    private TimeSpan _slowest;
    private int _late;
    private int _incomplete;
    private long _spawned;

    internal ShutdownWorld()
    {
        _party = new Party("groups", () => _doing);
        Parties = [_party];
    }

    internal override string Name => "shutdown";

    internal override IReadOnlyList<SchedulerGroup> Groups => _group is { } group ? [group] : [];

    internal override string Summary => $"{_party.Count} groups with {_spawned} green threads, the slowest shutdown took {_slowest.TotalMilliseconds:F0} ms beyond its drain, "
        + $"{_late} were late, {_incomplete} incomplete";

    internal override void Run(StressOptions options, int seed, TimeSpan duration)
    {
        var random = new Random(seed);
        long begin = Stopwatch.GetTimestamp();
        RunGroup(options, new Random(seed), isMeasured: false); // Everything that stays for ever comes into being.
        do
        {
            RunGroup(options, random, isMeasured: true);
            _party.Step();
        }
        while (Stopwatch.GetElapsedTime(begin) < duration && Failures.IsEmpty);
    }

    private void RunGroup(StressOptions options, Random random, bool isMeasured)
    {
        int schedulers = random.Next(1, options.Schedulers + 1);
        TimeSpan drain = random.Next(2) == 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(random.Next(1, 50));
        string what = $"group {_party.Count} with {schedulers} schedulers and a drain of {drain.TotalMilliseconds} ms";
        _doing = what + " starts";
        Leftovers before = Leftovers.Now(Name);

        var group = new SchedulerGroup(options.GroupOptions(Name) with { Schedulers = schedulers });
        _group = group;
        var load = new ShutdownLoad(this, group, random.Next());
        load.Start(random.Next(1, Math.Max(2, options.Threads / 5)));
        Thread.Sleep(random.Next(4) == 0 ? random.Next(50) : random.Next(3));

        _doing = what + " is shut down";
        using (load.Meddle())
        {
            long start = Stopwatch.GetTimestamp();
            ShutdownReport report = group.Shutdown(drain);
            TimeSpan beyond = Stopwatch.GetElapsedTime(start) - drain;
            if (!report.IsComplete)
            {
                _incomplete++;
                Console.WriteLine($"  {what} left {string.Join(", ", report.Unfinished.Select(static one => $"{one.Thread} of {one.Thread.SpawnSite}"))}");
            }
            if (isMeasured)
                Measure(beyond, what);
        }

        _doing = what + " has been shut down";
        load.CheckEnded(what);
        SchedulerGroupSnapshot snapshot = group.Snapshot();
        _spawned += snapshot.Spawned;
        if (snapshot.Live != 0 || snapshot.LiveDaemons != 0)
            Failures.Enqueue($"{what}: {snapshot.Live} green threads and {snapshot.LiveDaemons} daemons live");
        if (!isMeasured)
            return;
        Leftovers after = Leftovers.WaitFor(before, Name);
        if (after.Descriptors > before.Descriptors || after.OsThreads > before.OsThreads || after.Stacks != before.Stacks)
            Failures.Enqueue($"{what}: before {before}, after {after}");
    }

    private void Measure(TimeSpan beyond, string what)
    {
        _slowest = beyond > _slowest ? beyond : _slowest;
        if (beyond > s_promised)
        {
            _late++;
            Console.WriteLine($"  {what} took {beyond.TotalMilliseconds:F0} ms beyond its drain");
        }
        if (beyond > s_tolerated)
            Failures.Enqueue($"{what}: took {beyond.TotalMilliseconds:F0} ms beyond its drain");
    }
}
