namespace GreenThreads;

// A task lets go of what waits for it only with the help of the framework, and that allocates. So a case that waits for the first time makes a TaskWatch and takes
// it back when the wait is over, which leaves nothing in the task. If the same case waits again, it is one of a loop: then its watch stays in the task from one wait
// to the next, so that the loop allocates nothing, and is taken back when the case is collected.

/// <summary>A task has completed, however.</summary>
internal sealed class TaskCase(Task task) : SelectCase
{
    private TaskWatch? _watch;
    private Lease? _lease;
    private bool _hasWaited;

    public override string ToString() => "completion of a task";

    internal override bool IsReady() => task.IsCompleted;

    internal override bool Arm(Waiter waiter)
    {
        if (_watch is null)
        {
            _watch = new TaskWatch(task);
            if (_hasWaited)
                _lease = new Lease(_watch);
            _hasWaited = true;
        }
        _watch.Waiter = waiter;
        return task.IsCompleted; // After the watch, which may have found nobody to wake.
    }

    internal override void Disarm()
    {
        if (_watch is not { } watch)
            return;
        watch.Waiter = null;
        if (_lease is not null)
            return;
        _watch = null;
        watch.Remove();
    }

    /// <summary>Takes the watch back when the case is collected, which alone refers to this.</summary>
    private sealed class Lease(TaskWatch watch)
    {
        ~Lease() => watch.Remove();
    }
}
