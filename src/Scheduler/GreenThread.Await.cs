namespace GreenThreads;

// Waiting for a task without a wait handle and without a waiter thread: the task's continuation is the waiter's wake-up, and it must run on the thread that
// completes the task, at once, whatever that thread is. A task runs an awaiter's continuation there only if it was awaited with the context that is current
// there, and otherwise posts it to the captured context. So a context of our own (WakeContext) is current while the task is asked to wake us, and its Post
// does not post. That holds for tasks with RunContinuationsAsynchronously too, which for all other continuations means the thread pool.
//
// Rejected (bench: AwaitBenchmarks has the figures of what is here):
//   ConfigureAwait(false)       Nothing to allocate, but a completing thread with a SynchronizationContext, which every green thread is, hands the
//                               continuation to the thread pool: a wake-up across OS threads for each await, and none at all while the pool is starved.
//   the captured green context  Posts unless the completing thread is a green thread of the same group, so Post would have to know the delegate; a plain OS
//                               thread may have the context of a user interface, which runs nothing while we block its thread.
//   ContinueWith                With ExecuteSynchronously it runs there, except after RunContinuationsAsynchronously; it allocates a task for each wait.
//
// A wait that is given up must leave nothing in the task, or a loop that looks every second at a task that lives for a year fills the memory. Only the
// framework can take a continuation out again (Task.WaitAsync), at a price, so that is used where there is a token or a timeout, and only there. A shutdown
// or Thread.Interrupt leaves one continuation behind, which wakes nobody.
public partial class GreenThread
{
    /// <summary>
    /// Waits for a task, as <c>await</c> does but in plain blocking code. Parks a green thread, without a wait handle; blocks a plain OS thread. Returns at once if the
    /// task has completed.
    /// </summary>
    /// <param name="task">What to wait for.</param>
    /// <param name="cancellationToken">Ends the wait; the task goes on.</param>
    /// <exception cref="ArgumentNullException">There is no task.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first, or the task was.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread's group is being shut down and cancels its green threads.</exception>
    /// <exception cref="Exception">What the task threw (the first, if there are several), with the stack trace of where it did.</exception>
    public static void Await(Task task, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (task.IsCompleted)
        {
            task.GetAwaiter().GetResult();
            return;
        }
        if (cancellationToken.CanBeCanceled)
            task = task.WaitAsync(cancellationToken);
        WaitForCompletion(task);
        task.GetAwaiter().GetResult();
    }

    /// <summary>The same, for a task with a result.</summary>
    /// <inheritdoc cref="Await(Task, CancellationToken)"/>
    /// <returns>The task's result.</returns>
    public static T Await<T>(Task<T> task, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (task.IsCompleted)
            return task.GetAwaiter().GetResult();
        if (cancellationToken.CanBeCanceled)
            task = task.WaitAsync(cancellationToken);
        WaitForCompletion(task);
        return task.GetAwaiter().GetResult();
    }

    /// <summary>The same, for a limited time.</summary>
    /// <param name="task">What to wait for.</param>
    /// <param name="timeout">How long at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait; the task goes on.</param>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="TimeoutException">The time passed first; the task goes on.</exception>
    /// <inheritdoc cref="Await(Task, CancellationToken)"/>
    public static void Await(Task task, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        Deadline deadline = Deadline.After(timeout);
        Task wait = task;
        if (!task.IsCompleted)
        {
            using CancellationTokenSource giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            wait = task.WaitAsync(giveUp.Token);
            WaitForCompletion(task, wait, giveUp, deadline, cancellationToken);
        }
        (wait.IsCanceled ? task : wait).GetAwaiter().GetResult();
    }

    /// <summary>The same, for a task with a result and a limited time.</summary>
    /// <inheritdoc cref="Await(Task, TimeSpan, CancellationToken)"/>
    /// <returns>The task's result.</returns>
    public static T Await<T>(Task<T> task, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        Deadline deadline = Deadline.After(timeout);
        Task<T> wait = task;
        if (!task.IsCompleted)
        {
            using CancellationTokenSource giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            wait = task.WaitAsync(giveUp.Token);
            WaitForCompletion(task, wait, giveUp, deadline, cancellationToken);
        }
        return (wait.IsCanceled ? task : wait).GetAwaiter().GetResult();
    }

    /// <summary>The same, for a value task, which is consumed by it, as by <c>await</c>, whether the wait ends with it or before.</summary>
    /// <inheritdoc cref="Await(Task, CancellationToken)"/>
    public static void Await(ValueTask task, CancellationToken cancellationToken = default)
    {
        if (task.IsCompleted)
            task.GetAwaiter().GetResult();
        else
            Await(task.AsTask(), cancellationToken); // Its source is asked for the result exactly once, also if we give up.
    }

    /// <summary>The same, for a value task with a result, which is consumed by it, as by <c>await</c>, whether the wait ends with it or before.</summary>
    /// <inheritdoc cref="Await(Task, CancellationToken)"/>
    /// <returns>The task's result.</returns>
    public static T Await<T>(ValueTask<T> task, CancellationToken cancellationToken = default) =>
        task.IsCompleted ? task.GetAwaiter().GetResult() : Await(task.AsTask(), cancellationToken);

    /// <summary>Waits until the task has completed, however. Parks.</summary>
    private protected static void WaitForCompletion(Task task)
    {
        Waiter self = Waiter.Current;
        WakeWhenCompleted(task, self);
        while (!task.IsCompleted)
            self.ParkCore(Deadline.Never);
    }

    // Returns when the wait has ended with the task, or was given up in the moment when the task completed.
    private static void WaitForCompletion(Task task, Task wait, CancellationTokenSource giveUp, Deadline deadline, CancellationToken cancellationToken)
    {
        Waiter self = Waiter.Current;
        WakeWhenCompleted(wait, self);
        try
        {
            while (!wait.IsCompleted)
            {
                // Where the token is just being cancelled elsewhere, the wait ends there.
                if (giveUp.IsCancellationRequested || !deadline.HasPassed)
                    self.ParkCore(giveUp.IsCancellationRequested ? Deadline.Never : deadline);
                else
                    giveUp.Cancel();
            }
        }
        catch
        {
            giveUp.Cancel(); // A shutdown, or Thread.Interrupt of a plain OS thread.
            throw;
        }
        if (!wait.IsCanceled || task.IsCompleted)
            return;
        cancellationToken.ThrowIfCancellationRequested();
        throw new TimeoutException("the task did not complete in time");
    }

    private static void WakeWhenCompleted(Task task, Waiter waiter)
    {
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(WakeContext.Instance);
        try
        {
            task.GetAwaiter().UnsafeOnCompleted(waiter.WakeAction);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }
}
