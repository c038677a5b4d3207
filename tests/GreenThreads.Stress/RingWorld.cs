using System.Diagnostics;

namespace GreenThreads.Stress;

/// <summary>
/// Rings of green threads that hand a token on, each to the next: it parks until the token is there, and unparks its successor. Every second ring parks
/// for less than a millisecond at a time only. A ring that has done its laps is replaced by a new one until time is up.
/// </summary>
internal sealed class RingWorld : World
{
    private GroupRun? _run;
    private long _rings;
    private long _moved;

    internal override string Name => "ring";

    internal override IReadOnlyList<SchedulerGroup> Groups => _run is null ? [] : [_run.Group];

    internal override string Summary =>
        $"{Parties.Sum(static party => party.Count)} laps of {Volatile.Read(ref _rings)} rings, {Volatile.Read(ref _moved)} moves, {SnapshotText.Totals(_run?.Group)}";

    internal override void Run(StressOptions options, int seed, TimeSpan duration)
    {
        _run = new GroupRun(this, options);
        long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        int count = Math.Max(2, options.Threads / options.RingSize);
        var rings = new Ring?[count];
        var parties = new Party[count];
        for (int i = 0; i < count; i++)
        {
            int index = i;
            parties[i] = new Party($"ring {i}", () => rings[index]?.ToString() ?? "");
        }
        Parties = parties;
        GreenThread[] drivers = [.. Enumerable.Range(0, count).Select(i => _run.Group.Spawn(() => Guard($"ring {i}", () =>
        {
            var random = new Random(seed + i);
            do
            {
                var ring = new Ring(this, parties[i], options.RingSize, options.Laps, i % 2 == 0 ? 0 : random.Next(50, 1000), end);
                rings[i] = ring;
                ring.Run();
                Interlocked.Increment(ref _rings);
                Interlocked.Add(ref _moved, ring.Moved);
            }
            while (Stopwatch.GetTimestamp() < end);
            parties[i].IsDone = true;
        })))];
        foreach (GreenThread driver in drivers)
            driver.Join();
        _run.End();
    }

    private sealed class Ring
    {
        private readonly RingWorld _world;
        private readonly Party _party;
        private readonly Node[] _nodes;
        private readonly long _end;
        private readonly TimeSpan _parkTime;
        private int _lastLap;
        private long _moved;

        internal Ring(RingWorld world, Party party, int size, int laps, int parkMicroseconds, long end)
        {
            _world = world;
            _party = party;
            _lastLap = laps - 1;
            _end = end;
            _parkTime = parkMicroseconds == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMicroseconds(parkMicroseconds);
            _nodes = new Node[size];
            for (int i = 0; i < size; i++)
                _nodes[i] = new Node();
        }

        internal long Moved => _moved;

        public override string ToString()
        {
            int holder = Array.FindIndex(_nodes, static node => Volatile.Read(ref node.Token) >= 0);
            return holder < 0 ? "the token is nowhere" : $"node {holder} has token {_nodes[holder].Token}, {_nodes[holder].Thread}";
        }

        internal void Run()
        {
            for (int i = 0; i < _nodes.Length; i++)
            {
                int index = i;
                _nodes[i].Thread = GreenThread.Spawn(() => _world.Guard($"node {index}", () => Pass(index)));
            }
            _nodes[0].Give(0);
            foreach (Node node in _nodes)
                node.Thread!.Join();
        }

        private void Pass(int index)
        {
            Node self = _nodes[index];
            Node next = _nodes[(index + 1) % _nodes.Length];
            GreenThread thread = GreenThread.Current!;
            long moved = 0;
            for (int lap = 0; ; lap++)
            {
                Scheduler? before = thread.Scheduler;
                while (Volatile.Read(ref self.Token) < 0)
                    GreenThread.Park(_parkTime);
                if (thread.Scheduler != before)
                    moved++;
                long token = self.Token;
                Check.That(token == (long)lap * _nodes.Length + index, $"the token {token} in lap {lap} at node {index}");
                Volatile.Write(ref self.Token, -1);
                if (index == 0)
                    BeginLap(lap);
                bool isLast = lap == _lastLap; // Before the others go on: the next lap may be over by then.
                if (!isLast || index < _nodes.Length - 1)
                    next.Give(token + 1);
                if (isLast)
                    break;
            }
            Interlocked.Add(ref _moved, moved);
        }

        // By the first node, which has the token: the others see it when the token comes to them.
        private void BeginLap(int lap)
        {
            _party.Step();
            if (lap < _lastLap && Stopwatch.GetTimestamp() >= _end)
                _lastLap = lap;
        }
    }

    private sealed class Node
    {
        internal long Token = -1;

        internal GreenThread? Thread { get; set; }

        internal void Give(long token)
        {
            Volatile.Write(ref Token, token);
            Thread!.Unpark();
        }
    }
}
