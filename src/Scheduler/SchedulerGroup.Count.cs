namespace GreenThreads;

// How many green threads live. Each scheduler counts what was spawned and what ended there, with plain stores; nobody adds them up but a shutdown and
// those who ask. Ended ones are read before spawned ones, so nobody who lives is ever missed.
public sealed partial class SchedulerGroup
{
    private readonly OutsideCounts _outside = new();

    // Spawned from outside, and everything in bound mode. An object of its own: many threads write here, and what lies in the group itself is read at
    // every spawn.
    private sealed class OutsideCounts
    {
        internal Scheduler.Count Counted;
        internal Scheduler.Count Daemons;

        // async void methods that were started on green threads.
        internal Scheduler.Count Operations;
    }

    /// <summary>An <c>async void</c> method has been started on a green thread: a drain waits for its end. Any thread.</summary>
    internal void CountOperationStart() => _outside.Operations.SpawnShared();

    /// <summary>It has ended. Any thread.</summary>
    internal void CountOperationEnd()
    {
        _outside.Operations.EndShared();
        if (_phase != Phase.Open)
            OnEndWhileClosing();
    }

    private void CountSpawn(GreenThread thread, Scheduler? here)
    {
        if (here is null)
            (thread.IsDaemon ? ref _outside.Daemons : ref _outside.Counted).SpawnShared();
        else
            (thread.IsDaemon ? ref here.Daemons : ref here.Counted).Spawn();
    }

    /// <summary>Called by the green thread that ends, or by the scheduler that could not start it.</summary>
    internal void CountEnd(GreenThread thread)
    {
        if (thread.Scheduler is { } here)
            (thread.IsDaemon ? ref here.Daemons : ref here.Counted).End();
        else
            (thread.IsDaemon ? ref _outside.Daemons : ref _outside.Counted).EndShared();
        // No fence between the two: who closes the group forces one on every processor (Interlocked.MemoryBarrierProcessWide) and counts after that.
        if (_phase != Phase.Open)
            OnEndWhileClosing();
    }

    private long CountLive() => CountSpawned(daemonsToo: false, CountEnded(daemonsToo: false));

    // Nobody is left whom a drain waits for. None of the operations is under way at first, and none has been started when the green threads have been
    // counted, so none was when nobody lived.
    private bool HasDrained()
    {
        long ended = _outside.Operations.Ended;
        return _outside.Operations.Spawned == ended && CountLive() == 0 && _outside.Operations.Spawned == ended;
    }

    // For those who only look. A count is too high by the number that ended between its two sums: thousands, if whoever counts lost its processor in
    // between. So the best of a few.
    private long EstimateLive(bool daemonsToo)
    {
        const int Attempts = 8;
        (long count, long error) = (0, long.MaxValue);
        for (int i = 0; i < Attempts && error != 0; i++)
        {
            long ended = CountEnded(daemonsToo);
            long living = CountSpawned(daemonsToo, ended);
            long endedMeanwhile = CountEnded(daemonsToo) - ended;
            if (endedMeanwhile < error)
                (count, error) = (living, endedMeanwhile);
        }
        return count;
    }

    private long CountAll() => CountSpawned(daemonsToo: true, CountEnded(daemonsToo: true));

    private long CountEnded(bool daemonsToo)
    {
        long ended = _outside.Counted.Ended + (daemonsToo ? _outside.Daemons.Ended : 0);
        foreach (Scheduler scheduler in Schedulers)
            ended += scheduler.Counted.Ended + (daemonsToo ? scheduler.Daemons.Ended : 0);
        return ended;
    }

    // After CountEnded, and with the schedulers that came meanwhile: one of them may have spawned what ended elsewhere.
    private long CountSpawned(bool daemonsToo, long ended = 0)
    {
        long spawned = _outside.Counted.Spawned + (daemonsToo ? _outside.Daemons.Spawned : 0);
        foreach (Scheduler scheduler in Schedulers)
            spawned += scheduler.Counted.Spawned + (daemonsToo ? scheduler.Daemons.Spawned : 0);
        return spawned - ended;
    }
}
