using System.Diagnostics;

namespace GreenThreads;

public sealed partial class Supervisor
{
    // Guards the lists and the children's states. Written by the supervisor's green thread only, which may read them without it.
    private readonly NoParkLock _lock = new();
    private readonly List<Child> _children = [];
    private readonly List<GreenThread> _unfinished = [];

    // How many wait for a restart. Supervisor's green thread only.
    private int _waiting;

    private Child? Find(string name) => _children.Find(child => child.Name == name);

    private Child Add(ChildSpecification specification)
    {
        var child = new Child(specification);
        using (_lock.Enter())
            _children.Add(child);
        return child;
    }

    private void Remove(Child child)
    {
        Change(child, SupervisedChildState.Stopped);
        using (_lock.Enter())
            _children.Remove(child);
    }

    private void Change(Child child, SupervisedChildState state, GreenThread? thread = null)
    {
        if (child.State == SupervisedChildState.WaitingForRestart)
            _waiting--;
        if (state == SupervisedChildState.WaitingForRestart)
            _waiting++;
        using (_lock.Enter())
        {
            child.State = state;
            child.Thread = thread;
        }
    }

    private void Plan(Child child, Deadline due)
    {
        child.Due = due;
        Change(child, SupervisedChildState.WaitingForRestart);
    }

    private GreenThread AddAndStart(ChildSpecification specification)
    {
        if (Find(specification.Name) is not null)
            throw new ArgumentException($"{this} has a child \"{specification.Name}\" already", nameof(specification));
        Child child = Add(specification);
        try
        {
            return StartNow(child);
        }
        catch (Exception exception) when (!IsCanceled)
        {
            Say(logger => LogNotStarted(logger, Name, child.Name, exception));
            Remove(child);
            throw;
        }
    }

    private bool Stop(string name, bool remove)
    {
        if (Find(name) is not { } child)
            return false;
        End(child);
        if (remove || child.Specification.Restart == RestartKind.Temporary)
            Remove(child);
        else
            Change(child, SupervisedChildState.Stopped);
        return true;
    }

    private GreenThread StopAndStart(string name)
    {
        Child child = Find(name) ?? throw new ArgumentException($"{this} has no child \"{name}\"", nameof(name));
        End(child);
        Change(child, SupervisedChildState.Stopped);
        try
        {
            child.RestartsInARow = 0;
            GreenThread thread = StartNow(child);
            child.Restarts++;
            return thread;
        }
        catch (Exception exception) when (!IsCanceled)
        {
            child.LastFailure = exception;
            Say(logger => LogNotStarted(logger, Name, child.Name, exception));
            throw;
        }
    }

    private GreenThread StartNow(Child child)
    {
        GreenThread thread = child.Specification.Start();
        child.StartedAt = Stopwatch.GetTimestamp();
        Change(child, SupervisedChildState.Running, thread);
        child.Monitor = GreenThread.Monitor(thread, _mailbox, end => () => OnEnd(child, end));
        return thread;
    }

    // Those that run; leaves them completed. Parks, one after the other.
    private void EndInReverse(IReadOnlyList<Child> children)
    {
        for (int i = children.Count - 1; i >= 0; i--)
            End(children[i]);
    }

    private void End(Child child)
    {
        if (child.Thread is not { } thread)
        {
            if (child.State == SupervisedChildState.WaitingForRestart)
                Change(child, SupervisedChildState.Completed);
            return;
        }
        Change(child, SupervisedChildState.Ending, thread);
        child.Monitor!.Dispose(); // Nor is its end, if that has come in this moment, told later.
        thread.Cancel(new CancelReason($"{this} ends its child \"{child.Name}\""));
        if (!thread.WaitForEnd(Deadline.After(child.Specification.ShutdownTimeout)))
        {
            child.LastFailure = new TimeoutException($"the child \"{child.Name}\" has not ended within {child.Specification.ShutdownTimeout}");
            using (_lock.Enter())
            {
                _unfinished.RemoveAll(static other => other.State == GreenThreadState.Ended); // Else they add up where nobody asks for them.
                _unfinished.Add(thread);
            }
            Say(logger => LogUnfinished(logger, Name, child.Name, thread.SpawnSite, child.Specification.ShutdownTimeout));
        }
        else if (thread.TakeEnd() is { Kind: GreenThreadEndKind.Failed } end)
        {
            child.LastFailure = end.Exception;
            Say(logger => LogEnded(logger, Name, child.Name, end.Kind, "the supervisor was ending it", end.Exception));
        }
        Change(child, SupervisedChildState.Completed);
    }

    private sealed class Child(ChildSpecification specification)
    {
        internal ChildSpecification Specification => specification;

        internal string Name => specification.Name;

        // Guarded by the supervisor's lock when written.
        internal SupervisedChildState State { get; set; } = SupervisedChildState.Stopped;

        internal GreenThread? Thread { get; set; }

        // Written by the supervisor's green thread; others may see the value before.
        internal int Restarts { get; set; }

        internal Exception? LastFailure { get; set; }

        // Supervisor's green thread only.
        internal GreenThreadMonitor? Monitor { get; set; }

        internal int RestartsInARow { get; set; }

        internal long StartedAt { get; set; }

        internal Deadline Due { get; set; }

        internal SupervisedChild ToPublic() => new(Name, State, specification.Restart, Restarts, LastFailure, Thread);
    }
}
