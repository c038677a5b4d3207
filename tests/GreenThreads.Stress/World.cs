using System.Collections.Concurrent;

namespace GreenThreads.Stress;

/// <summary>A load with checks of its own.</summary>
internal abstract class World
{
    internal abstract string Name { get; }

    /// <summary>Whether it means anything where a green thread is an OS thread.</summary>
    internal virtual bool RunsBound => false;

    internal ConcurrentQueue<string> Failures { get; } = new();

    /// <summary>Who has to get on. Replaced as a whole; read by the watchdog at any time.</summary>
    internal IReadOnlyList<Party> Parties
    {
        get => Volatile.Read(ref field);
        private protected set => Volatile.Write(ref field, value);
    } = [];

    /// <summary>The groups whose snapshots tell of a hang.</summary>
    internal virtual IReadOnlyList<SchedulerGroup> Groups => [];

    /// <summary>What it has done so far, in a few words.</summary>
    internal virtual string Summary => $"{Parties.Sum(static party => party.Count)} rounds";

    /// <summary>Runs it. What goes wrong is put into <see cref="Failures"/>.</summary>
    /// <param name="options">The counts.</param>
    /// <param name="seed">Of its random choices.</param>
    /// <param name="duration">After this it ends what it has begun.</param>
    internal abstract void Run(StressOptions options, int seed, TimeSpan duration);

    /// <summary>Runs a part of it, and keeps what it throws as a failure. The group's end is none.</summary>
    internal void Guard(string who, Action body)
    {
        try
        {
            body();
        }
        catch (Exception exception) when (exception is not GreenThreadCanceledException)
        {
            Failures.Enqueue($"{who}: {exception}");
        }
    }
}
