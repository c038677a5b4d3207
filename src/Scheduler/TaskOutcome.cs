using System.Runtime.CompilerServices;

namespace GreenThreads;

// An OperationCanceledException cancels a task, as in an asynchronous method: whoever awaits it gets the very exception, GreenThreadCanceledException
// included, with the stack trace of where it was thrown. TrySetCanceled takes no exception; the builder of asynchronous methods does.

/// <summary>Ends a task with what ended a green thread.</summary>
internal static class TaskOutcome
{
    internal static void Fail(TaskCompletionSource completion, Exception failure)
    {
        if (failure is not OperationCanceledException)
        {
            completion.TrySetException(failure);
            return;
        }
        var canceled = AsyncTaskMethodBuilder.Create();
        canceled.SetException(failure);
        completion.TrySetFromTask(canceled.Task);
    }

    internal static void Fail<T>(TaskCompletionSource<T> completion, Exception failure)
    {
        if (failure is not OperationCanceledException)
        {
            completion.TrySetException(failure);
            return;
        }
        var canceled = AsyncTaskMethodBuilder<T>.Create();
        canceled.SetException(failure);
        completion.TrySetFromTask(canceled.Task);
    }
}
