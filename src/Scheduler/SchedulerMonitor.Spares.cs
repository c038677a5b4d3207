using Microsoft.Extensions.Logging;

namespace GreenThreads;

// Spare schedulers: one works while all regular ones, and all other spares, are stuck, and there is something to do. They are never ended before their
// group is, only retired: their OS thread sleeps then, and is the first to be used again.
internal sealed partial class SchedulerMonitor
{
    private static readonly TimeSpan s_logInterval = TimeSpan.FromMinutes(1);

    private Deadline _nextSpareWarning = Deadline.At(0);

    private void BalanceSpares()
    {
        bool areAllStuck = Array.TrueForAll(_group.RegularSchedulers, static scheduler => scheduler.IsStuck);
        int working = 0;
        foreach (Scheduler spare in Spares())
        {
            if (spare.IsRetired)
                continue; // A host always is.
            // A stuck one that comes back shall find that it is retired, if it is not needed then.
            if (!areAllStuck || (!spare.IsStuck && ++working > 1))
                Retire(spare);
        }
        if (areAllStuck && working == 0 && HasWaitingWork())
            AddSpare();
    }

    private ReadOnlySpan<Scheduler> Spares() => _group.Schedulers.AsSpan(_group.RegularSchedulers.Length);

    private bool HasWaitingWork()
    {
        if (!_group.Injected.IsEmpty)
            return true;
        foreach (Scheduler scheduler in _group.Schedulers)
        {
            if (scheduler.HasBacklog)
                return true;
        }
        return false;
    }

    private void AddSpare()
    {
        int spares = 0;
        foreach (Scheduler spare in Spares())
        {
            if (spare.IsHost)
                continue;
            if (spare.IsRetired && !spare.IsStuck)
            {
                spare.Recall();
                return;
            }
            spares++;
        }
        if (spares < _group.MaximumSpareSchedulers)
        {
            try
            {
                _group.AddSpare(_logger);
                return;
            }
            catch (Exception exception) when (exception is SystemCallException or GreenThreadLimitException)
            {
                if (MayWarn())
                    Log.Post(() => LogNoSpare(_logger, _group.Name, exception));
                return;
            }
        }
        if (!MayWarn())
            return;
        Log.Post(() => LogTooFewSpares(_logger, _group.Name, _group.RegularSchedulers.Length, spares));
    }

    private static void Retire(Scheduler spare)
    {
        spare.Retire();
        spare.Interrupt(); // It may sleep as one that may be woken for submissions.
    }

    private bool MayWarn()
    {
        if (!_nextSpareWarning.HasPassed)
            return false;
        _nextSpareWarning = Deadline.After(s_logInterval);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "All schedulers of the group {Group} are stuck, and a spare one cannot be started")]
    private static partial void LogNoSpare(ILogger logger, string group, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "All {Schedulers} schedulers of the group {Group} are stuck, and all {Spares} spare ones: "
        + "raise SchedulerGroupOptions.MaximumSpareSchedulers, or block less")]
    private static partial void LogTooFewSpares(ILogger logger, string group, int schedulers, int spares);
}
