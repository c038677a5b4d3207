using System.Diagnostics.CodeAnalysis;

namespace GreenThreads;

// GreenThread.Await.cs says why what a task wakes us with must run at once, on whatever thread completes it, and why a plain continuation cannot do that. Here
// it is a continuation with a task scheduler of its own that runs everything where it is queued, and with a token that takes it out again.
//
// Rejected: Task.WaitAsync, as in GreenThread.Await. It counts as somebody who has seen the task's exception; a select only looks whether there is one.

/// <summary>A place at a task that wakes a waiter when the task completes, and that can be removed again.</summary>
internal sealed class TaskWatch
{
    private readonly CancellationTokenSource _removal = new();
    private Waiter? _waiter;

    [SuppressMessage("Reliability", "CA2008", Justification = "There is one.")]
    internal TaskWatch(Task task)
    {
        // Not the context of whoever waits first: the watch may outlive the wait, and only wakes.
        bool hasFlow = !ExecutionContext.IsFlowSuppressed();
        if (hasFlow)
            ExecutionContext.SuppressFlow();
        try
        {
            task.ContinueWith(
                static (_, state) => Volatile.Read(ref ((TaskWatch)state!)._waiter)?.Wake(),
                this,
                _removal.Token,
                TaskContinuationOptions.ExecuteSynchronously | TaskContinuationOptions.DenyChildAttach,
                AtOnce.Instance);
        }
        finally
        {
            if (hasFlow)
                ExecutionContext.RestoreFlow();
        }
    }

    /// <summary>Whom to wake; null for nobody. A wake-up may be under way that no longer concerns it.</summary>
    internal Waiter? Waiter
    {
        set => Interlocked.Exchange(ref _waiter, value); // Full fence: pairs with that of the task, which completes and looks here then.
    }

    /// <summary>Leaves nothing in the task. Any thread, the finalizer's too: it runs nobody's code.</summary>
    internal void Remove() => _removal.Cancel();

    private sealed class AtOnce : TaskScheduler
    {
        internal static AtOnce Instance { get; } = new();

        protected override void QueueTask(Task task) => TryExecuteTask(task);

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => TryExecuteTask(task);

        protected override IEnumerable<Task> GetScheduledTasks() => [];
    }
}
