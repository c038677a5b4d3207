using System.Runtime.CompilerServices;

namespace GreenThreads;

/// <summary>Begins asynchronous code and waits for its task; ends as that does, with its result.</summary>
internal sealed class AwaitingGreenThread<T>(SchedulerGroup group, Func<Task<T>> body, in SpawnOptions options, long id, CancellationToken cancellationToken)
    : GreenThread(group, body, options, id)
{
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task<T>? _awaited;

    internal Task<T> CompletionOfT => _completion.Task;

    private protected override Task CompletionCore => _completion.Task;

    private protected override void InvokeBody(Delegate body)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _awaited = Unsafe.As<Func<Task<T>>>(body)() ?? throw new InvalidOperationException("the body returned no task");
        Await(_awaited, CancellationToken.None);
    }

    private protected override void Complete()
    {
        using NoPark noPark = NoPark.Enter();
        Exception? failure = TakeFailure(); // In any case: it counts as observed from now on.
        if (_awaited is { IsCompleted: true } task)
            _completion.TrySetFromTask(task); // All that ended it, where Await throws the first.
        else
            TaskOutcome.Fail(_completion, failure!);
    }
}
