namespace GreenThreads;

/// <summary>
/// What asynchronous code waits for that only wants to know that it should try: all who wait at one time share one, and all of them try then. Served once.
/// </summary>
internal sealed class ChannelWatch : WaitNode
{
    private readonly TaskCompletionSource _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task Task => _source.Task;

    internal override void Wake()
    {
        // To the thread pool's queue, which has locks.
        using (NoPark.Enter())
            _source.TrySetResult();
    }
}
