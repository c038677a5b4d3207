using System.Diagnostics;

namespace GreenThreads.Stress;

/// <summary>
/// Parks and unparks across schedulers. A hub unparks each of its members, parks until all have answered, and so on: whoever is unparked while the slot of a
/// scheduler is full can be stolen, so members answer from several schedulers at once. Some park with short timeouts, some in catch blocks, where only one
/// scheduler may resume them; some hubs are OS threads. Beside them, joins race the ends of what they join. A lost wake-up is a hub that stands still.
/// </summary>
/// <remarks>
/// A pair is a park that an unpark has ended, or made unnecessary. Only a few hubs are active at a time, and which ones changes: schedulers that always have
/// something to do neither steal nor sleep.
/// </remarks>
internal sealed class PairsWorld : World
{
    // How long the same hubs are active. A guess: some thousand rounds.
    private static readonly TimeSpan s_tide = TimeSpan.FromMilliseconds(10);

    private GroupRun? _run;
    private Hub[] _hubs = [];
    private volatile bool _isOver;
    private volatile int _firstActive;
    private volatile int _active;
    private long _joins;
    private long _joinTimeouts;

    internal override string Name => "pairs";

    internal override IReadOnlyList<SchedulerGroup> Groups => _run is null ? [] : [_run.Group];

    internal override string Summary
    {
        get
        {
            long moved = _hubs.Sum(static hub => hub.Moved);
            return $"{Pairs} pairs, {Crossings} unparks of one of another scheduler, {moved} parks ended elsewhere, {_hubs.Sum(static hub => hub.Timeouts)} timeouts, "
                + $"{Volatile.Read(ref _joins)} joins after {Volatile.Read(ref _joinTimeouts)} timeouts, {SnapshotText.Totals(_run?.Group)}";
        }
    }

    internal Mixer Mixer { get; private set; } = null!;

    /// <summary>Members and hubs shall end.</summary>
    internal bool IsOver => _isOver;

    internal bool IsActive(int hub)
    {
        int count = _hubs.Length;
        return (hub - _firstActive + count) % count < _active;
    }

    private long Crossings => _hubs.Sum(static hub => hub.Crossings);

    private long Pairs => _hubs.Sum(static hub => hub.Pairs);

    internal override void Run(StressOptions options, int seed, TimeSpan duration)
    {
        _run = new GroupRun(this, options);
        using var mixer = new Mixer();
        Mixer = mixer;
        SchedulerGroup group = _run.Group;
        var random = new Random(seed);
        var hubs = new List<Hub>();
        for (int threads = options.Threads; threads > 0; threads -= hubs[^1].Size)
            hubs.Add(new Hub(this, hubs.Count, group, random.Next(), options.Across));
        _hubs = [.. hubs];
        _active = _hubs.Length;
        Joiner[] joiners = [.. Enumerable.Range(0, 2 * options.Schedulers).Select(i => new Joiner(i, random.Next()))];
        Parties = [.. _hubs.Select(static hub => hub.Party), .. joiners.Select(static joiner => joiner.Party)];

        GreenThread[] joining = [.. joiners.Select(joiner => group.Spawn(() => Guard(joiner.Party.Name, () => joiner.Run(this))))];
        foreach (Hub hub in _hubs)
            hub.Start();

        long begin = Stopwatch.GetTimestamp();
        while (options.Pairs > 0 ? (options.Across ? Crossings : Pairs) < options.Pairs : Stopwatch.GetElapsedTime(begin) < duration)
        {
            Thread.Sleep(s_tide);
            _firstActive = random.Next(_hubs.Length);
            // Mostly less than there are schedulers, so that some of them sleep. Who counts only what goes across gets there with many at a time.
            _active = random.Next(8) == 0 != options.Across ? _hubs.Length : Math.Min(_hubs.Length, random.Next(1, 2 * options.Schedulers + 2));
        }
        _isOver = true;
        foreach (Hub hub in _hubs)
            hub.Join();
        foreach (GreenThread joiner in joining)
            joiner.Join();
        _run.End();
    }

    /// <summary>Spawns children that end at once or soon, and joins them with timeouts that are about as long.</summary>
    private sealed class Joiner(int id, int seed)
    {
        internal Party Party { get; } = new($"joiner {id}");

        internal void Run(PairsWorld world)
        {
            var random = new Random(seed);
            while (!world.IsOver)
            {
                int kind = random.Next(4);
                int expected = random.Next();
                GreenThread<int> child = GreenThread.Spawn(() => Work(kind, expected));
                GreenThread? second = random.Next(2) == 0 ? GreenThread.Spawn(() => JoinOften(world, child, new Random(expected))) : null;
                JoinOften(world, child, random);
                second?.Join();
                Check.That(child.Result == expected, "a child's result");
                Interlocked.Increment(ref world._joins);
                Party.Step();
            }
            Party.IsDone = true;
        }

        private static int Work(int kind, int result)
        {
            switch (kind)
            {
                case 1:
                    Thread.SpinWait(result % 500);
                    break;
                case 2:
                    GreenThread.Yield();
                    break;
                case 3:
                    GreenThread.Park(TimeSpan.FromMicroseconds(result % 50));
                    break;
            }
            return result;
        }

        private static void JoinOften(PairsWorld world, GreenThread child, Random random)
        {
            long timeouts = 0;
            while (!child.Join(TimeSpan.FromMicroseconds(random.Next(50))))
                timeouts++;
            Interlocked.Add(ref world._joinTimeouts, timeouts);
        }
    }
}
