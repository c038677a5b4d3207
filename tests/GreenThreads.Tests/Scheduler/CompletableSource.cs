using System.Threading.Tasks.Sources;

namespace GreenThreads.Tests;

/// <summary>What a <see cref="ValueTask{T}"/> without a task stands on; counts how often its result was taken.</summary>
internal sealed class CompletableSource<T> : IValueTaskSource<T>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<T> _core;
    private int _taken;

    internal CompletableSource(bool isAsynchronous = false) => _core.RunContinuationsAsynchronously = isAsynchronous;

    internal int Taken => Volatile.Read(ref _taken);

    internal ValueTask<T> Task => new(this, _core.Version);

    internal ValueTask TaskWithoutResult => new(this, _core.Version);

    internal void SetResult(T result) => _core.SetResult(result);

    internal void SetException(Exception exception) => _core.SetException(exception);

    public T GetResult(short token)
    {
        Interlocked.Increment(ref _taken);
        return _core.GetResult(token);
    }

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
