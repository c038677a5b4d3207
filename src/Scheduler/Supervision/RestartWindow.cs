using System.Diagnostics;

namespace GreenThreads;

/// <summary>Counts the restarts of the last while, and remembers what they were for. One user at a time.</summary>
internal sealed class RestartWindow(int maximum, TimeSpan length)
{
    // Of a supervisor without a limit, or with a high one, only the last ones are told of.
    private const int MaximumRemembered = 100;

    private readonly Queue<long> _times = new();
    private readonly Queue<ChildFailure> _failures = new();

    /// <summary>The last failures within the window, the oldest first.</summary>
    internal IReadOnlyList<ChildFailure> Failures => [.. _failures];

    /// <summary>Counts one.</summary>
    /// <param name="failure">What it is for.</param>
    /// <param name="now">A value of <see cref="Stopwatch.GetTimestamp"/>.</param>
    /// <returns>False if it is one too many.</returns>
    internal bool TryCount(ChildFailure failure, long now)
    {
        while (_times.TryPeek(out long time) && Stopwatch.GetElapsedTime(time, now) > length)
        {
            _times.Dequeue();
            if (_failures.Count > _times.Count)
                _failures.Dequeue();
        }
        _failures.Enqueue(failure);
        if (_failures.Count > MaximumRemembered)
            _failures.Dequeue();
        if (maximum == int.MaxValue)
            return true;
        _times.Enqueue(now);
        return _times.Count <= maximum;
    }
}
