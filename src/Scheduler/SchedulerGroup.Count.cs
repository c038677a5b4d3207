namespace GreenThreads;

// How many green threads live. Each scheduler counts what was spawned and what ended there, with plain stores; nobody adds them up but a shutdown and
// those who ask. Ended ones are read before spawned ones, so nobody who lives is ever missed.
public sealed partial class SchedulerGroup
{
    // Spawned from outside, and everything in bound mode.
    private Scheduler.Count _countedOutside;
    private Scheduler.Count _daemonsOutside;

    private void CountSpawn(GreenThread thread, Scheduler? here)
    {
        if (here is null)
            (thread.IsDaemon ? ref _daemonsOutside : ref _countedOutside).SpawnShared();
        else
            (thread.IsDaemon ? ref here.Daemons : ref here.Counted).Spawn();
    }

    /// <summary>Called by the green thread that ends, or by the scheduler that could not start it.</summary>
    internal void CountEnd(GreenThread thread)
    {
        if (thread.Scheduler is { } here)
            (thread.IsDaemon ? ref here.Daemons : ref here.Counted).End();
        else
            (thread.IsDaemon ? ref _daemonsOutside : ref _countedOutside).EndShared();
        // No fence between the two: who closes the group forces one on every processor (Interlocked.MemoryBarrierProcessWide) and counts after that.
        if (_phase != Phase.Open)
            OnEndWhileClosing();
    }

    private long CountLive()
    {
        long ended = _countedOutside.Ended;
        foreach (Scheduler scheduler in Schedulers)
            ended += scheduler.Counted.Ended;
        long spawned = _countedOutside.Spawned;
        // Read again: a scheduler that came meanwhile may have spawned one that ended elsewhere.
        foreach (Scheduler scheduler in Schedulers)
            spawned += scheduler.Counted.Spawned;
        return spawned - ended;
    }

    private long CountLiveDaemons()
    {
        long ended = _daemonsOutside.Ended;
        foreach (Scheduler scheduler in Schedulers)
            ended += scheduler.Daemons.Ended;
        long spawned = _daemonsOutside.Spawned;
        foreach (Scheduler scheduler in Schedulers)
            spawned += scheduler.Daemons.Spawned;
        return spawned - ended;
    }
}
