using System.Runtime.CompilerServices;

namespace GreenThreads;

/// <summary>Runs what was posted to a group's <see cref="GreenSynchronizationContext"/>.</summary>
internal sealed class PostedGreenThread : GreenThread
{
    private readonly object? _state;

    internal PostedGreenThread(SchedulerGroup group, SendOrPostCallback callback, object? state, long id)
        : base(group, callback, default, id) => _state = state;

    private protected override void InvokeBody(Delegate body) => Unsafe.As<SendOrPostCallback>(body)(_state);
}
