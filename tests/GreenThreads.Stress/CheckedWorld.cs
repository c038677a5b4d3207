using System.Diagnostics;

namespace GreenThreads.Stress;

/// <summary>Where the checked bodies run, and what a pause means there.</summary>
internal abstract class CheckedWorld : World
{
    private readonly Party _all = new("all threads together");
    private long _pauses;

    protected CheckedWorld() => Parties = [_all];

    internal override string Summary => $"{_all.Count} rounds, {Volatile.Read(ref _pauses)} pauses";

    /// <summary>Leaves the OS thread to others and comes back, perhaps after long and perhaps elsewhere.</summary>
    internal void Pause(Random random)
    {
        Interlocked.Increment(ref _pauses);
        PauseCore(random);
    }

    protected abstract void PauseCore(Random random);

    /// <summary>Runs checked rounds until time is up; a failed check ends it and is kept.</summary>
    protected void RunBody(int id, int seed, long end) => Guard($"thread {id}", () =>
    {
        var body = new CheckedBody(this, id, seed);
        while (Stopwatch.GetTimestamp() < end)
        {
            body.Round();
            _all.StepShared();
        }
    });
}
