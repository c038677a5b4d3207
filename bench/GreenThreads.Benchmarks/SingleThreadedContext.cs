using System.Collections.Concurrent;

namespace GreenThreads.Benchmarks;

/// <summary>A synchronization context whose continuations all run on the thread that calls <see cref="Run"/>: async code on one OS thread.</summary>
internal sealed class SingleThreadedContext : SynchronizationContext
{
    // Continuations come from the one thread, so a plain queue would do for Task.Yield; a socket's come from the thread pool's poller.
    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _inbox = [];
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _local = new();
    private int _owner;

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (Environment.CurrentManagedThreadId == _owner)
            _local.Enqueue((d, state));
        else
            _inbox.Add((d, state));
    }

    /// <summary>Runs continuations until the task has completed.</summary>
    internal static void Run(Func<Task> body)
    {
        SynchronizationContext? before = Current;
        var context = new SingleThreadedContext { _owner = Environment.CurrentManagedThreadId };
        SetSynchronizationContext(context);
        try
        {
            Task task = body();
            task.ContinueWith(static (_, state) => ((SingleThreadedContext)state!).Post(static _ => { }, null), context,
                CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            while (!task.IsCompleted)
            {
                (SendOrPostCallback callback, object? state) = context._local.Count > 0 ? context._local.Dequeue() : context._inbox.Take();
                callback(state);
            }
            task.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }
}
