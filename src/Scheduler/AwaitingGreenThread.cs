using System.Runtime.CompilerServices;

namespace GreenThreads;

/// <summary>Begins asynchronous code and waits for its task; ends as that does.</summary>
internal sealed class AwaitingGreenThread(SchedulerGroup group, Func<Task> body, in SpawnOptions options, long id, CancellationToken cancellationToken)
    : GreenThread(group, body, options, id)
{
    private Task? _awaited;

    private protected override void InvokeBody(Delegate body)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _awaited = Unsafe.As<Func<Task>>(body)() ?? throw new InvalidOperationException("the body returned no task");
        Await(_awaited, CancellationToken.None);
    }

    // All that ended the task, where Await throws the first.
    private protected override void Complete(TaskCompletionSource completion)
    {
        Exception? failure = TakeFailure(); // In any case: it counts as observed from now on.
        if (_awaited is { IsCompleted: true } task)
            completion.TrySetFromTask(task);
        else
            TaskOutcome.Fail(completion, failure!);
    }
}
