using System.Diagnostics;

namespace GreenThreads.Stress;

/// <summary>
/// Rings of green threads with a channel before each: a token of a number goes round, one less with each hop, and who receives zero says so. Which one that must be is
/// known (the program "thread-ring" of the Computer Language Benchmarks Game). One ring after the other until time is up, of channels without and with a buffer.
/// </summary>
internal sealed class ThreadRingWorld : World
{
    private readonly Party _rings = new("rings");
    private GroupRun? _run;
    private long _hops;

    internal ThreadRingWorld() => Parties = [_rings];

    internal override string Name => "threadring";

    internal override bool RunsBound => true;

    internal override IReadOnlyList<SchedulerGroup> Groups => _run is null ? [] : [_run.Group];

    internal override string Summary => $"{_rings.Count} rings, {Volatile.Read(ref _hops)} hops, {SnapshotText.Totals(_run?.Group)}";

    internal override void Run(StressOptions options, int seed, TimeSpan duration)
    {
        _run = new GroupRun(this, options);
        long begin = Stopwatch.GetTimestamp();
        var random = new Random(seed);
        do
        {
            (int size, int hops, int capacity) = (random.Next(2, options.RingSize * 2 + 1), random.Next(1, options.RingSize * options.Laps), random.Next(3) - 1);
            Guard($"ring of {size} with {hops} hops and capacity {capacity}", () =>
            {
                int last = _run.Group.Spawn(() => RunRing(size, hops, capacity)).Result;
                Check.That(last == hops % size, $"node {last} received zero instead of {hops % size}");
            });
            _hops += hops;
            _rings.Step();
        }
        while (Stopwatch.GetElapsedTime(begin) < duration);
        _rings.IsDone = true;
        _run.End();
    }

    // A negative capacity: none.
    private static int RunRing(int size, int hops, int capacity)
    {
        GreenChannel<int>[] ring = [.. Enumerable.Range(0, size).Select(_ => capacity < 0 ? GreenChannel.Unbounded<int>() : new GreenChannel<int>(capacity))];
        GreenChannel<int> result = GreenChannel.Bounded<int>(1);
        GreenThread[] nodes = [.. Enumerable.Range(0, size).Select(i => GreenThread.Spawn(() =>
        {
            foreach (int token in ring[i])
            {
                if (token == 0)
                    result.Send(i);
                else
                    ring[(i + 1) % size].Send(token - 1);
            }
        }))];
        ring[0].Send(hops);
        int last = result.Receive();
        foreach (GreenChannel<int> channel in ring)
            channel.Complete();
        foreach (GreenThread node in nodes)
            node.Join();
        return last;
    }
}
