using System.Diagnostics;

namespace GreenThreads;

// What a scheduler counts. Written by the owner only, with plain stores; read by anybody, who gets numbers of about the same moment.
internal sealed partial class Scheduler
{
    // Identifiers taken from the process's counter at once, so that a spawn writes to no shared cache line.
    private const int IdBlock = 1024;

    private readonly AffinityCounters _affineParks = new();
    private long _picks;
    private long _polls;
    private long _wakes;
    private long _steals;
    private long _stolen;
    private long _parks;
    private long _idleTicks;
    private long _asleepSince;
    private long _nextId;
    private long _lastId = -1;
    private Count _counted;
    private Count _daemons;

    /// <summary>Grows with every pick: a scheduler whose number stands still runs the same green thread, or sleeps. For the monitor.</summary>
    internal long Picks => Volatile.Read(ref _picks);

    /// <summary>Green threads that were spawned here, and that ended here.</summary>
    internal ref Count Counted => ref _counted;

    /// <summary>The same for daemons.</summary>
    internal ref Count Daemons => ref _daemons;

    /// <summary>What became of the managed waits of its green threads. Written by the owner.</summary>
    internal WaitCount Waits;

    /// <summary>Set by the monitor when the running green thread has run for a tick or more.</summary>
    internal volatile bool IsYieldDue;

    /// <summary>How often the monitor found it stuck: in native code, and computing. Written by the monitor.</summary>
    internal long StuckInNativeCode;
    internal long StuckComputing;

    /// <summary>The longest that it was blocked at a stretch, in ticks of <see cref="TimeSpan"/>. Written by the monitor.</summary>
    internal long LongestBlock;

    /// <summary>Whether the monitor takes it for stuck now. Written by the monitor.</summary>
    internal volatile bool IsStuck;

    /// <summary>An identifier for a green thread. Owner scheduler only.</summary>
    internal long TakeId()
    {
        if (_nextId > _lastId)
            (_nextId, _lastId) = GreenThread.TakeIds(IdBlock);
        return _nextId++;
    }

    internal SchedulerSnapshot Snapshot(int parked)
    {
        long asleepSince = Volatile.Read(ref _asleepSince);
        long idle = Volatile.Read(ref _idleTicks) + (asleepSince == 0 ? 0 : Stopwatch.GetTimestamp() - asleepSince);
        GreenThread? running = Running;
        return new SchedulerSnapshot
        {
            Name = Name,
            IsSpare = IsSpare,
            State = _isAsleep ? (_isRetired ? SchedulerState.Retired : SchedulerState.Sleeping)
                : IsStuck ? SchedulerState.Stuck
                : running is null ? SchedulerState.Searching : SchedulerState.Running,
            Running = running,
            Queued = QueuedCount,
            QueuedAffine = AffineCount,
            Parked = parked,
            Timers = _timers.Count,
            Picks = Picks,
            Steals = Volatile.Read(ref _steals),
            Stolen = Volatile.Read(ref _stolen),
            Polls = Volatile.Read(ref _polls),
            Wakes = Volatile.Read(ref _wakes),
            Parks = Volatile.Read(ref _parks),
            StuckInNativeCode = Volatile.Read(ref StuckInNativeCode),
            StuckComputing = Volatile.Read(ref StuckComputing),
            LongestBlock = new TimeSpan(Volatile.Read(ref LongestBlock)),
            IdleTime = Stopwatch.GetElapsedTime(0, idle),
            ManagedWaits = Waits.Snapshot(),
            AffineParks = _affineParks.Snapshot(),
        };
    }

    /// <summary>A pair of counters that only grow. Who reads ended before spawned never sees fewer living ones than there were.</summary>
    internal struct WaitCount
    {
        internal long AtOnce;
        internal long AfterYield;
        internal long HandedOver;
        internal long LookedAt;

        internal readonly ManagedWaits Snapshot() => new()
        {
            AtOnce = Volatile.Read(in AtOnce),
            AfterYield = Volatile.Read(in AfterYield),
            HandedOver = Volatile.Read(in HandedOver),
            LookedAt = Volatile.Read(in LookedAt),
        };
    }

    internal struct Count
    {
        private long _spawned;
        private long _ended;

        internal readonly long Spawned => Volatile.Read(in _spawned);

        internal readonly long Ended => Volatile.Read(in _ended);

        /// <summary>Owner scheduler only.</summary>
        internal void Spawn() => Volatile.Write(ref _spawned, _spawned + 1);

        /// <summary>Owner scheduler only.</summary>
        internal void End() => Volatile.Write(ref _ended, _ended + 1);

        /// <summary>Any thread, for those that belong to no scheduler.</summary>
        internal void SpawnShared() => Interlocked.Increment(ref _spawned);

        /// <inheritdoc cref="SpawnShared"/>
        internal void EndShared() => Interlocked.Increment(ref _ended);
    }
}
