using System.Diagnostics;

namespace GreenThreads.Samples.Sleepers;

/// <summary>The green threads. Plain code: a loop that sleeps.</summary>
internal sealed class Sleepers(SchedulerGroup group, TimeSpan interval)
{
    private readonly GreenLatch _starting = new();
    private GreenThread[] _threads = [];
    private volatile bool _isStopping;
    private long _wakeUps;
    private long _lateTicks;
    private long _latestTicks;

    internal long WakeUps => Volatile.Read(ref _wakeUps);

    /// <summary>How late all of them woke together, in ticks of the stopwatch.</summary>
    internal long LateTicks => Volatile.Read(ref _lateTicks);

    /// <summary>How late the latest woke since this was last asked.</summary>
    internal long TakeLatestTicks() => Interlocked.Exchange(ref _latestTicks, 0);

    /// <summary>Starts them, one after the other over one interval, and returns when each has slept once.</summary>
    internal void Start(int count)
    {
        _starting.Add(count);
        _threads = new GreenThread[count];
        for (int i = 0; i < count; i++)
        {
            TimeSpan first = interval * ((double)i / count);
            _threads[i] = group.Spawn(() => Sleep(first));
        }
        _starting.Wait();
    }

    /// <summary>Lets them end, and waits for that.</summary>
    internal void Stop()
    {
        _isStopping = true;
        foreach (GreenThread thread in _threads)
            thread.Join();
    }

    private void Sleep(TimeSpan first)
    {
        GreenThread.Sleep(first);
        _starting.Signal();
        while (!_isStopping)
        {
            long start = Stopwatch.GetTimestamp();
            GreenThread.Sleep(interval);
            long late = Stopwatch.GetTimestamp() - start - (long)(interval.TotalSeconds * Stopwatch.Frequency);
            Interlocked.Increment(ref _wakeUps);
            Interlocked.Add(ref _lateTicks, late);
            if (late > Volatile.Read(ref _latestTicks))
                Volatile.Write(ref _latestTicks, late); // Two at once: the next one will do.
        }
    }
}
