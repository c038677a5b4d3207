using System.Diagnostics;

namespace GreenThreads.Stress;

/// <summary>
/// Creatures of three colours that meet in pairs, and both take the third colour or keep the one that they share ("chameneos-redux" of the Computer Language
/// Benchmarks Game; Kaiser and Pradat-Peyre). Once with a green thread that brings them together over channels, once with a place that is guarded by a mutex, where the first of
/// a pair waits for a condition; in turns, until time is up. Everybody counts: each meeting has two sides that saw the same colours, and nobody meets itself.
/// </summary>
internal sealed class ChameneosWorld : World
{
    private const int Colours = 3;

    private readonly Party _games = new("games");
    private GroupRun? _run;
    private long _meetings;

    internal ChameneosWorld() => Parties = [_games];

    internal override string Name => "chameneos";

    internal override bool RunsBound => true;

    internal override IReadOnlyList<SchedulerGroup> Groups => _run is null ? [] : [_run.Group];

    internal override string Summary => $"{_games.Count} games, {Volatile.Read(ref _meetings)} meetings, {SnapshotText.Totals(_run?.Group)}";

    internal override void Run(StressOptions options, int seed, TimeSpan duration)
    {
        _run = new GroupRun(this, options);
        long begin = Stopwatch.GetTimestamp();
        var random = new Random(seed);
        do
        {
            (int creatures, int meetings) = (random.Next(2, 12), random.Next(1, 3000));
            IPlace place = random.Next(2) == 0 ? new Matchmaker(meetings) : new GuardedPlace(meetings);
            Guard($"{creatures} creatures at a {place.GetType().Name} for {meetings} meetings", () => _run.Group.Spawn(() => Play(place, creatures, meetings)).Join());
            _meetings += meetings;
            _games.Step();
        }
        while (Stopwatch.GetElapsedTime(begin) < duration);
        _games.IsDone = true;
        _run.End();
    }

    private static void Play(IPlace place, int count, int meetings)
    {
        place.Open();
        Creature[] creatures = [.. Enumerable.Range(0, count).Select(i => new Creature(i, i % Colours))];
        GreenThread[] threads = [.. creatures.Select(creature => GreenThread.Spawn(() => creature.Live(place)))];
        foreach (GreenThread thread in threads)
            thread.Join();
        place.Close();
        Check.That(creatures.Sum(static creature => creature.Met) == 2 * meetings, $"{creatures.Sum(static creature => creature.Met)} sides of {meetings} meetings");
        // Each pair of colours (mine, other's) was seen as often from one side as from the other.
        for (int mine = 0; mine < Colours; mine++)
        {
            for (int others = 0; others < Colours; others++)
            {
                Check.That(
                    creatures.Sum(creature => creature.Seen[mine, others]) == creatures.Sum(creature => creature.Seen[others, mine]),
                    $"the colours {mine} and {others} did not meet as often as {others} and {mine}");
            }
        }
    }

    private readonly record struct Visitor(int Id, int Colour);

    private interface IPlace
    {
        void Open();

        /// <summary>Waits for another; null if there are no further meetings.</summary>
        Visitor? Meet(Visitor self);

        void Close();
    }

    private sealed class Creature(int id, int colour)
    {
        private int _colour = colour;

        internal int Met { get; private set; }

        internal int[,] Seen { get; } = new int[Colours, Colours];

        internal void Live(IPlace place)
        {
            while (place.Meet(new Visitor(id, _colour)) is { } other)
            {
                Check.That(other.Id != id, $"creature {id} met itself");
                Met++;
                Seen[_colour, other.Colour]++;
                _colour = _colour == other.Colour ? _colour : Colours - _colour - other.Colour;
            }
        }
    }

    private sealed class Matchmaker(int meetings) : IPlace
    {
        private readonly GreenChannel<(Visitor Visitor, GreenChannel<Visitor> Reply)> _visitors = GreenChannel.Rendezvous<(Visitor, GreenChannel<Visitor>)>();
        private GreenThread? _thread;

        public void Open() => _thread = GreenThread.Spawn(() =>
        {
            for (int i = 0; i < meetings; i++)
            {
                (Visitor Visitor, GreenChannel<Visitor> Reply) first = _visitors.Receive(), second = _visitors.Receive();
                first.Reply.Send(second.Visitor);
                second.Reply.Send(first.Visitor);
            }
            foreach ((_, GreenChannel<Visitor> reply) in _visitors)
                reply.Complete();
        });

        public Visitor? Meet(Visitor self)
        {
            GreenChannel<Visitor> reply = GreenChannel.Rendezvous<Visitor>();
            _visitors.Send((self, reply));
            return reply.TryReceive(out Visitor other, Timeout.InfiniteTimeSpan) ? other : null;
        }

        public void Close()
        {
            _visitors.Complete();
            _thread!.Join();
        }
    }

    private sealed class GuardedPlace : IPlace
    {
        private readonly GreenMutex _mutex = new();
        private readonly GreenCondition _changed;
        private int _left;
        private Visitor? _first;
        private Visitor? _second;

        internal GuardedPlace(int meetings)
        {
            _left = meetings;
            _changed = new GreenCondition(_mutex);
        }

        public void Open()
        {
        }

        public Visitor? Meet(Visitor self)
        {
            using (_mutex.Lock())
            {
                // The pair before has both come, but the first of it has not left yet.
                while (_left > 0 && _second is not null)
                    _changed.Wait();
                if (_left == 0)
                    return null;
                if (_first is { } first)
                {
                    _second = self;
                    _changed.NotifyAll();
                    return first;
                }
                _first = self;
                while (_second is null && _left > 0)
                    _changed.Wait();
                if (_second is not { } second)
                    return null;
                (_first, _second) = (null, null);
                _left--;
                _changed.NotifyAll();
                return second;
            }
        }

        public void Close()
        {
        }
    }
}
