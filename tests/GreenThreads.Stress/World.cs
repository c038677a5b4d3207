using System.Collections.Concurrent;

namespace GreenThreads.Stress;

/// <summary>Where the checked bodies run, and what a pause means there.</summary>
internal abstract class World
{
    private long _rounds;
    private long _pauses;

    internal abstract string Name { get; }

    internal ConcurrentQueue<string> Failures { get; } = new();

    internal long Rounds => Volatile.Read(ref _rounds);

    internal long Pauses => Volatile.Read(ref _pauses);

    internal abstract void Run(int threads, int seed, TimeSpan duration);

    /// <summary>Leaves the OS thread to others and comes back, perhaps after long and perhaps elsewhere.</summary>
    internal void Pause(Random random)
    {
        Interlocked.Increment(ref _pauses);
        PauseCore(random);
    }

    protected abstract void PauseCore(Random random);

    /// <summary>Runs checked rounds until time is up; a failed check ends it and is kept.</summary>
    protected void RunBody(int id, int seed, Func<bool> goOn)
    {
        try
        {
            var body = new CheckedBody(this, id, seed);
            while (goOn())
            {
                body.Round();
                Interlocked.Increment(ref _rounds);
            }
        }
        catch (Exception exception)
        {
            Failures.Enqueue($"thread {id}: {exception}");
        }
    }
}
