using System.Runtime.CompilerServices;

namespace GreenThreads;

// An OperationCanceledException cancels a task, as in an asynchronous method: whoever awaits it gets the very exception, with the stack trace of where it was
// thrown. TrySetCanceled takes no exception; the builder of asynchronous methods does. A shutdown's GreenThreadCanceledException cancels it too, inside of one.

/// <summary>Ends a task with what ended a green thread.</summary>
internal static class TaskOutcome
{
    internal static void Fail(TaskCompletionSource completion, Exception failure)
    {
        if (CancellationOf(failure) is not { } cancellation)
        {
            completion.TrySetException(failure);
            return;
        }
        var canceled = AsyncTaskMethodBuilder.Create();
        canceled.SetException(cancellation);
        completion.TrySetFromTask(canceled.Task);
    }

    internal static void Fail<T>(TaskCompletionSource<T> completion, Exception failure)
    {
        if (CancellationOf(failure) is not { } cancellation)
        {
            completion.TrySetException(failure);
            return;
        }
        var canceled = AsyncTaskMethodBuilder<T>.Create();
        canceled.SetException(cancellation);
        completion.TrySetFromTask(canceled.Task);
    }

    private static OperationCanceledException? CancellationOf(Exception failure) => failure switch
    {
        OperationCanceledException cancellation => cancellation,
        GreenThreadCanceledException => new OperationCanceledException(failure.Message, failure),
        _ => null,
    };
}
