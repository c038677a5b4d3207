using System.Runtime.CompilerServices;

namespace GreenThreads;

/// <summary>A green thread that ends with a result.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
public sealed class GreenThread<T> : GreenThread
{
    private T? _result;
    private TaskCompletionSource<T>? _completionOfT;

    internal GreenThread(SchedulerGroup group, Func<T> body, in SpawnOptions options, long id)
        : base(group, body, options, id)
    {
    }

    /// <summary>Waits for the end, and returns the result or throws what the body threw. Parks a green thread; blocks a plain OS thread.</summary>
    /// <exception cref="InvalidOperationException">A green thread wants its own result.</exception>
    /// <exception cref="Exception">What the body threw, with the stack trace of where it did.</exception>
    public T Result
    {
        get
        {
            Join();
            return _result!;
        }
    }

    /// <inheritdoc cref="GreenThread.Completion"/>
    public new Task<T> Completion => Unsafe.As<Task<T>>(CompletionCore);

    /// <summary>Lets asynchronous code await the result; it throws what the body threw. Does not park.</summary>
    public new TaskAwaiter<T> GetAwaiter() => Completion.GetAwaiter();

    private protected override Task CompletionCore
    {
        get
        {
            if (_completionOfT is null)
                Interlocked.CompareExchange(ref _completionOfT, new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously), null);
            if (HasEnded) // After the full fence above: pairs with the one in Complete.
                Complete();
            return _completionOfT.Task;
        }
    }

    private protected override void Complete()
    {
        if (_completionOfT is not { } completion)
            return;
        using NoPark noPark = NoPark.Enter();
        if (Observe() is { } failure)
            TaskOutcome.Fail(completion, failure.SourceException);
        else
            completion.TrySetResult(_result!);
    }

    private protected override void InvokeBody(Delegate body) => _result = Unsafe.As<Func<T>>(body)();
}
