namespace GreenThreads;

// Where it runs: on a thread of the group's own pool (WorkPool.cs) while the green thread is parked. That is a plain OS thread: what it waits for there blocks it, and a
// further Compute.Run runs in place, so nested use needs no second thread and cannot wait for itself. The execution context flows, as with Task.Run.

/// <summary>Long computations. They run on OS threads of their own while the calling green thread is parked, so that they hold up no others.</summary>
public static class Compute
{
    /// <summary>
    /// Runs a computation on one of the group's <see cref="SchedulerGroupOptions.ComputeThreads"/>; further ones wait for their turn, in their order. Parks the
    /// calling green thread. A plain OS thread, a green thread in bound mode, and a computation that is under way run it themselves. It costs some ten microseconds.
    /// It is not on the caller's thread: locks that the caller holds, its thread statics and <see cref="GreenThread.Current"/> are not there, async locals are. It should
    /// compute, not wait. One that has begun is waited for, also by a green thread that is cancelled, which learns of it at its next park; hand it a token to end it early.
    /// </summary>
    /// <param name="work">The computation. What it throws is thrown here, with the stack trace of where it was.</param>
    /// <exception cref="ArgumentNullException">There is no computation.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled, and the computation has not begun.</exception>
    /// <exception cref="Exception">What the computation threw.</exception>
    public static void Run(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (Begin() is not { } self)
            work();
        else
            self.Group.ComputePool.Run(new WorkAction(work, self, ExecutionContext.Capture()), self);
    }

    /// <summary>Runs a computation with a result.</summary>
    /// <inheritdoc cref="Run(Action)"/>
    /// <returns>What the computation returned.</returns>
    public static T Run<T>(Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (Begin() is not { } self)
            return work();
        var item = new WorkFunction<T>(work, self, ExecutionContext.Capture());
        self.Group.ComputePool.Run(item, self);
        return item.Result!;
    }

    private static GreenThread? Begin()
    {
        GreenThread? self = GreenThread.Current;
        self?.ThrowIfCanceled();
        return self is { BoundWaiter: null } ? self : null;
    }
}
