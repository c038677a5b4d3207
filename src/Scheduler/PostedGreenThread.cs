using System.Runtime.CompilerServices;

namespace GreenThreads;

/// <summary>
/// Runs what was posted to a group's <see cref="GreenSynchronizationContext"/>, or started on its <see cref="GreenTaskScheduler"/>. Somebody waits for either: so it runs
/// also when the group is cancelled before it begins (its first park throws), and on the thread pool if there is no stack for it.
/// </summary>
internal sealed class PostedGreenThread : GreenThread
{
    private readonly object? _state;

    internal PostedGreenThread(SchedulerGroup group, SendOrPostCallback callback, object? state, long id)
        : base(group, callback, default, id)
    {
        _state = state;
        Locals = null; // Whoever posts it is not the one that it continues.
    }

    private protected override bool BeginsWhenCanceled => true;

    private protected override void InvokeBody(Delegate body) => Unsafe.As<SendOrPostCallback>(body)(_state);

    private protected override bool TryRunElsewhere(Delegate body, ExecutionContext? context)
    {
        using NoPark noPark = NoPark.Enter();
        ThreadPool.UnsafeQueueUserWorkItem(
            static posted =>
            {
                if (posted.Context is null)
                    posted.Callback(posted.State);
                else
                    ExecutionContext.Run(posted.Context, posted.Callback.Invoke, posted.State);
            },
            (Callback: Unsafe.As<SendOrPostCallback>(body), State: _state, Context: context),
            preferLocal: false);
        return true;
    }
}
