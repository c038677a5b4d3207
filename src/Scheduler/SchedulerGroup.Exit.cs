using Microsoft.Extensions.Logging;

namespace GreenThreads;

// What runs when a group ends, or the process before it.
public sealed partial class SchedulerGroup
{
    // For the callbacks of a group that the end of the process catches.
    private static readonly TimeSpan s_timeAtProcessExit = TimeSpan.FromSeconds(1);

    private readonly NoParkLock _exitGate = new();

    // Guarded by _exitGate.
    private readonly Stack<(Action Callback, ExecutionContext Context)> _exitCallbacks = new();
    private bool _isHookedToProcessExit;

    /// <summary>
    /// Has a callback run when the group ends: as a green thread, after the others have ended or were cancelled, one after the other, the last registered
    /// first. If the process ends before the group does (Main returns), they run then, for a second at most. It runs in the execution context of this call, as
    /// a callback of a <see cref="CancellationToken"/> does. Any thread; does not park.
    /// </summary>
    /// <param name="callback">May park. Together they have what is left of the shutdown's last second; those that it does not suffice for do not run, and
    /// <see cref="ShutdownReport.ExitFailures"/> says so.</param>
    /// <exception cref="ArgumentNullException">There is no callback.</exception>
    /// <exception cref="InvalidOperationException">The group is being shut down.</exception>
    public void AtExit(Action callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        using (_exitGate.Enter())
        {
            if (_phase != Phase.Open)
                throw new InvalidOperationException($"the scheduler group {Name} is being shut down");
            _exitCallbacks.Push((callback, GreenThread.CaptureContext()));
            if (_isHookedToProcessExit)
                return;
            _isHookedToProcessExit = true;
            AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
        }
    }

    // On a plain OS thread.
    private List<Exception> RunExitCallbacks(Deadline end)
    {
        var failures = new List<Exception>();
        while (TryTakeExitCallback(out (Action Callback, ExecutionContext Context) exit))
        {
            if (end.HasPassed)
            {
                failures.Add(new TimeoutException($"there was no time left for an exit callback of the scheduler group {Name}"));
                continue;
            }
            GreenThread thread = Spawn(exit.Callback, new SpawnOptions { Name = $"{Name} exit", IsExempt = true, IsDaemon = true, Context = exit.Context });
            if (!thread.WaitForEnd(end))
                failures.Add(new TimeoutException($"an exit callback of the scheduler group {Name} did not end in time"));
            else if (thread.TakeFailure() is { } failure)
                failures.Add(failure);
        }
        using (_exitGate.Enter())
        {
            if (_isHookedToProcessExit)
                AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
            _isHookedToProcessExit = false;
        }
        return failures;
    }

    private bool TryTakeExitCallback(out (Action Callback, ExecutionContext Context) exit)
    {
        using (_exitGate.Enter())
            return _exitCallbacks.TryPop(out exit);
    }

    private void OnProcessExit(object? sender, EventArgs e)
    {
        Deadline end = Deadline.After(s_timeAtProcessExit);
        foreach (Exception failure in RunExitCallbacks(end))
        {
            // The process ends: later is never.
            LogExitFailure(_logger, Name, failure);
        }
        // A shutdown that runs them at this moment may still be busy with one.
        if (_phase >= Phase.Canceling)
            _closed.Wait(end);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "An exit callback of the scheduler group {Group} failed")]
    private static partial void LogExitFailure(ILogger logger, string group, Exception exception);
}
