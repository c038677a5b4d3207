using System.Diagnostics;
using GreenThreads.Tour;

namespace GreenThreads.Samples.Sleepers;

/// <summary>What happens in about a second.</summary>
internal sealed class Sample
{
    private readonly Sleepers _sleepers;
    private readonly long _wakeUps;
    private readonly long _late;
    private readonly long _start;
    private readonly TimeSpan _processor;
    private readonly int _collections;

    internal Sample(Sleepers sleepers)
    {
        _sleepers = sleepers;
        sleepers.TakeLatestTicks();
        (_wakeUps, _late) = (sleepers.WakeUps, sleepers.LateTicks);
        _processor = Environment.CpuUsage.TotalTime;
        _collections = GC.CollectionCount(0);
        _start = Stopwatch.GetTimestamp();
    }

    /// <summary>Waits for the end of the second.</summary>
    internal FormattableString Line()
    {
        Thread.Sleep(TimeSpan.FromSeconds(1));
        double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        long wakeUps = _sleepers.WakeUps - _wakeUps;
        double late = wakeUps == 0 ? 0 : Milliseconds(_sleepers.LateTicks - _late) / wakeUps;
        double processor = (Environment.CpuUsage.TotalTime - _processor).TotalSeconds / seconds * 100;
        return $"{wakeUps / seconds,12:N0} {late,15:F2} {Milliseconds(_sleepers.TakeLatestTicks()),15:F2} {processor,17:F0} % {ProcessStatus.MemoryBytes / 1024 / 1024,11:N0} {ProcessStatus.OsThreads,12} {GC.CollectionCount(0) - _collections,13}";
    }

    private static double Milliseconds(long ticks) => ticks * 1000.0 / Stopwatch.Frequency;
}
