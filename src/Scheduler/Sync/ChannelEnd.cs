namespace GreenThreads;

/// <summary>The end of a channel as a task. To wake it completes the task.</summary>
internal sealed class ChannelEnd : WaitNode
{
    private readonly TaskCompletionSource _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the channel was completed with. Written before it is woken.</summary>
    internal Exception? Error { get; set; }

    internal Task Task => _source.Task;

    internal override void Wake()
    {
        // To the thread pool's queue, which has locks.
        using (NoPark.Enter())
        {
            if (Error is OperationCanceledException canceled)
                _source.TrySetCanceled(canceled.CancellationToken);
            else if (Error is null)
                _source.TrySetResult();
            else if (_source.TrySetException(Error))
                _ = _source.Task.Exception; // Counts as observed: receivers see it too.
        }
    }
}
