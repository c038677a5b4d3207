using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace GreenThreads;

// What a group does about a deadlock (Deadlocks/).
public sealed partial class SchedulerGroup
{
    // Those that have not stopped. Nobody parks under the gate, so that a monitor may take it.
    private static readonly NoParkLock s_groupsGate = new();
    private static readonly List<SchedulerGroup> s_groups = [];

    // OS threads that have spawned green threads here: what they wait for, whoever has spawned them may know too. Not those that only post a continuation.
    private SpinGate _spawnersGate;
    private OutsideHolders _spawners;

    /// <summary>
    /// Raised when none of the group's green threads can ever go on, at most once: each waits without a limit, and all who might let it go on wait too. On an OS
    /// thread of its own, where handlers may block; what they throw is logged. docs/deadlocks.md says what is not seen.
    /// </summary>
    public event EventHandler<DeadlockReport>? DeadlockDetected;

    /// <summary>Null if it does not look for deadlocks.</summary>
    internal DeadlockWatch? Deadlocks { get; }

    /// <summary>Whether nothing of the group's own is to end its green threads.</summary>
    internal bool IsOpenOrDraining => _phase is Phase.Open or Phase.Draining;

    /// <summary>Its green threads that have started and not ended.</summary>
    internal IEnumerable<GreenThread> LivingThreadsForTools => LivingThreads();

    /// <summary>The OS threads that have spawned green threads here.</summary>
    /// <returns>False if there were too many of them to be remembered.</returns>
    internal bool TryCopySpawnersTo(List<OsThreadWaiter> spawners)
    {
        using (_spawnersGate.Enter())
            return _spawners.TryCopyTo(spawners);
    }

    /// <summary>Whether a green thread of another group lives.</summary>
    internal bool HasLivingNeighbours()
    {
        using (s_groupsGate.Enter())
            return s_groups.Exists(group => group != this && group.CountAll() != 0);
    }

    /// <summary>Those that live, with and without daemons, and async void methods that are under way. Exact while nobody moves.</summary>
    internal (long All, long NoDaemons, long Operations) CountForTools() =>
        (CountAll(), CountLive(), _outside.Operations.Spawned - _outside.Operations.Ended);

    /// <summary>Grows with every spawn and with every pick of a scheduler.</summary>
    internal long CountMoves()
    {
        long moves = CountSpawned(daemonsToo: true);
        foreach (Scheduler scheduler in Schedulers)
            moves += scheduler.Picks;
        return moves;
    }

    [SuppressMessage("Design", "CA1031", Justification = "Code of a user's, on a thread of ours that nobody waits for: what it throws is logged, if that is possible.")]
    internal void Report(DeadlockReport report)
    {
        Try(() => LogDeadlock(_logger, report));
        foreach (EventHandler<DeadlockReport> handler in Delegate.EnumerateInvocationList(DeadlockDetected))
        {
            try
            {
                handler(this, report);
            }
            catch (Exception exception)
            {
                Try(() => LogHandlerFailed(_logger, Name, exception));
            }
        }

        static void Try(Action log)
        {
            try
            {
                log();
            }
            catch (Exception)
            {
                // A logger that fails cannot be told of by logging.
            }
        }
    }

    private void NoteSpawner(OsThreadWaiter caller)
    {
        if (_spawners.Knows(caller))
            return;
        using (_spawnersGate.Enter())
            _spawners.Add(caller);
    }

    private void Register()
    {
        using (s_groupsGate.Enter())
            s_groups.Add(this);
    }

    private void Unregister()
    {
        using (s_groupsGate.Enter())
            s_groups.Remove(this);
    }

    /// <summary>From an OS thread that nobody waits for.</summary>
    internal void LogLookFailed(Exception exception) => LogLookFailed(_logger, Name, exception);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The scheduler group {Group} could not look for a deadlock")]
    private static partial void LogLookFailed(ILogger logger, string group, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Report}")]
    private static partial void LogDeadlock(ILogger logger, DeadlockReport report);

    [LoggerMessage(Level = LogLevel.Error, Message = "A handler of DeadlockDetected of the scheduler group {Group} failed")]
    private static partial void LogHandlerFailed(ILogger logger, string group, Exception exception);
}
