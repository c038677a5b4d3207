using System.Diagnostics;

namespace GreenThreads.Stress;

/// <summary>Checked bodies on the green threads of a group, through the public API alone.</summary>
internal sealed class ApiWorld : CheckedWorld
{
    private GreenThread?[] _threads = [];
    private GroupRun? _run;

    internal override string Name => "api";

    internal override bool RunsBound => true;

    internal override IReadOnlyList<SchedulerGroup> Groups => _run is null ? [] : [_run.Group];

    internal override void Run(StressOptions options, int seed, TimeSpan duration)
    {
        _run = new GroupRun(this, options);
        long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        _threads = new GreenThread?[options.Threads];
        for (int i = 0; i < _threads.Length; i++)
        {
            int id = i;
            _threads[i] = _run.Group.Spawn(() => RunBody(id, seed + id, end));
        }
        foreach (GreenThread? thread in _threads)
            thread!.Join();
        _run.End();
    }

    protected override void PauseCore(Random random) => Pauses.Any(random, _threads);
}
