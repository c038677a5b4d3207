using System.Diagnostics;

namespace GreenThreads;

public sealed partial class Supervisor
{
    // Supervisor's green thread only.
    private readonly RestartWindow _window;
    private bool _isShuttingDown;
    private Mailbox<Action> _mailbox = null!;

    // Written by the supervisor's green thread; read by who started it, after its end.
    private volatile bool _hasStarted;

    /// <summary>Whether the calling green thread, the supervisor's, is cancelled: then what is thrown here is no failure of a child.</summary>
    private static bool IsCanceled => GreenThread.Current is { IsCanceled: true };

    private void Run(Mailbox<Action> mailbox, ChildSpecification[] first)
    {
        _mailbox = mailbox;
        try
        {
            foreach (ChildSpecification specification in first)
                StartFirst(specification);
            _hasStarted = true;
            while (!_isShuttingDown)
            {
                if (mailbox.TryReceive(out Action? message, NextStart().Remaining))
                    message();
                StartWaiting();
            }
        }
        finally
        {
            using (GreenThread.Shield())
                EndInReverse(_children);
        }
    }

    private void StartFirst(ChildSpecification specification)
    {
        Child child = Add(specification);
        try
        {
            StartNow(child);
        }
        catch (Exception exception) when (!IsCanceled)
        {
            Say(logger => LogNotStarted(logger, Name, child.Name, exception));
            throw new SupervisorException($"{this} could not start a child", [new ChildFailure(child.Name, DateTimeOffset.UtcNow, exception)]);
        }
    }

    // One of the children has ended, and not because the supervisor has ended it.
    private void OnEnd(Child child, GreenThreadEnd end)
    {
        if (child.Thread != end.Thread)
            return;
        child.LastFailure = end.Exception;
        if (Stopwatch.GetElapsedTime(child.StartedAt) > _options.Window)
            child.RestartsInARow = 0;
        bool isRestarted = child.Specification.Restart == RestartKind.Permanent || (child.Specification.Restart == RestartKind.Transient && end.IsFailure);
        if (isRestarted || end.IsFailure)
            Say(logger => LogEnded(logger, Name, child.Name, end.Kind, isRestarted ? "it is to be started again" : "it stays so", end.Exception));
        Change(child, SupervisedChildState.Completed);
        if (isRestarted)
            PlanRestart(child, end.Exception);
        else if (child.Specification.Restart == RestartKind.Temporary)
            Remove(child);
    }

    // Ends those who must be restarted with it, and says when all of them are to be started again.
    private void PlanRestart(Child child, Exception? exception)
    {
        if (!_window.TryCount(new ChildFailure(child.Name, DateTimeOffset.UtcNow, exception), Stopwatch.GetTimestamp()))
            GiveUp();
        TimeSpan delay = _options.BackoffAfter(child.RestartsInARow++);

        Child[] affected = _options.Strategy switch
        {
            RestartStrategy.OneForOne => [child],
            RestartStrategy.OneForAll => [.. _children],
            _ => [.. _children.SkipWhile(other => other != child)],
        };
        EndInReverse(affected);
        Deadline due = delay == TimeSpan.Zero ? default : Deadline.After(delay); // The first has always passed.
        foreach (Child each in affected)
        {
            if (each.Specification.Restart == RestartKind.Temporary)
                Remove(each);
            else if (each.State != SupervisedChildState.Stopped)
                Plan(each, due);
        }
    }

    private void GiveUp()
    {
        var exception = new SupervisorException(
            $"{this} has given up: more than {_options.MaximumRestarts} restarts within {_options.Window.TotalSeconds} s", _window.Failures);
        Say(logger => LogGivesUp(logger, Name, exception));
        throw exception;
    }

    private Deadline NextStart()
    {
        Deadline next = Deadline.Never;
        if (_waiting == 0)
            return next;
        foreach (Child child in _children)
        {
            if (child.State == SupervisedChildState.WaitingForRestart)
                next = Deadline.Earlier(next, child.Due);
        }
        return next;
    }

    // In their order. If one cannot be started, the others have their turn after the messages that have come.
    private void StartWaiting()
    {
        if (_waiting == 0)
            return;
        foreach (Child child in _children.ToArray())
        {
            if (child.State != SupervisedChildState.WaitingForRestart || !child.Due.HasPassed)
                continue;
            try
            {
                child.Restarts++;
                StartNow(child);
            }
            catch (Exception exception) when (!IsCanceled)
            {
                child.LastFailure = exception;
                Say(logger => LogNotStarted(logger, Name, child.Name, exception));
                PlanRestart(child, exception);
                return;
            }
        }
    }
}
