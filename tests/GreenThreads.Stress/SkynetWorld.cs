using System.Diagnostics;

namespace GreenThreads.Stress;

/// <summary>Trees of green threads: each has ten children or is a leaf, and adds up their results (github.com/atemerev/skynet).</summary>
internal sealed class SkynetWorld : World
{
    private const int Children = 10;

    private readonly Party _nodes = new("nodes");
    private GroupRun? _run;
    private int _trees;
    private TimeSpan _fastest = TimeSpan.MaxValue;

    internal SkynetWorld() => Parties = [_nodes];

    internal override string Name => "skynet";

    internal override IReadOnlyList<SchedulerGroup> Groups => _run is null ? [] : [_run.Group];

    internal override string Summary => $"{_trees} trees, the fastest within {(_trees == 0 ? 0 : _fastest.TotalMilliseconds):F0} ms, {SnapshotText.Totals(_run?.Group)}";

    internal override void Run(StressOptions options, int seed, TimeSpan duration)
    {
        _run = new GroupRun(this, options);
        long begin = Stopwatch.GetTimestamp();
        do
        {
            long start = Stopwatch.GetTimestamp();
            long sum = _run.Group.Spawn(() => Sum(0, options.Leaves)).Result;
            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            _fastest = elapsed < _fastest ? elapsed : _fastest;
            _trees++;
            long expected = (long)options.Leaves * (options.Leaves - 1) / 2;
            if (sum != expected)
                Failures.Enqueue($"tree {_trees}: the sum is {sum} instead of {expected}");
        }
        while (Stopwatch.GetElapsedTime(begin) < duration);
        _run.End();
    }

    private long Sum(long first, int leaves)
    {
        if (leaves == 1)
            return first;
        var children = new GreenThread<long>[Children];
        int each = leaves / Children;
        for (int i = 0; i < Children; i++)
        {
            long begin = first + i * each;
            children[i] = GreenThread.Spawn(() => Sum(begin, each));
        }
        long sum = 0;
        foreach (GreenThread<long> child in children)
            sum += child.Result;
        _nodes.StepShared();
        return sum;
    }
}
