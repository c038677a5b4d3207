namespace GreenThreads.Tests;

internal sealed class ManualResetEventPrimitive : WaitPrimitive
{
    private readonly ManualResetEvent _event = new(false);

    internal override void LetGo() => _event.Set();

    internal override void Wait() => _event.WaitOne();

    internal override bool Wait(TimeSpan timeout) => _event.WaitOne(timeout);
}

internal sealed class ManualResetEventSlimPrimitive : WaitPrimitive
{
    private readonly ManualResetEventSlim _event = new();

    internal override bool HasToken => true;

    internal override void LetGo() => _event.Set();

    internal override void Wait() => _event.Wait();

    internal override bool Wait(TimeSpan timeout) => _event.Wait(timeout);

    internal override void Wait(CancellationToken token) => _event.Wait(token);
}

internal sealed class CountdownEventPrimitive : WaitPrimitive
{
    private readonly CountdownEvent _event = new(1);

    internal override bool HasToken => true;

    internal override void LetGo() => _event.Signal();

    internal override void Wait() => _event.Wait();

    internal override bool Wait(TimeSpan timeout) => _event.Wait(timeout);

    internal override void Wait(CancellationToken token) => _event.Wait(token);
}

/// <summary>The waiters arrive, and the other party, which would be the last one, leaves the barrier instead.</summary>
internal sealed class BarrierPrimitive(int waiters) : WaitPrimitive
{
    private readonly Barrier _barrier = new(waiters + 1);

    internal override bool HasToken => true;

    internal override void LetGo() => _barrier.RemoveParticipant();

    internal override void Wait() => _barrier.SignalAndWait();

    internal override bool Wait(TimeSpan timeout) => _barrier.SignalAndWait(timeout);

    internal override void Wait(CancellationToken token) => _barrier.SignalAndWait(token);
}

internal sealed class CancellationTokenPrimitive : WaitPrimitive
{
    private readonly CancellationTokenSource _source = new();

    internal override void LetGo() => _source.Cancel();

    internal override void Wait() => _source.Token.WaitHandle.WaitOne();

    internal override bool Wait(TimeSpan timeout) => _source.Token.WaitHandle.WaitOne(timeout);
}

internal sealed class ThreadJoinPrimitive : WaitPrimitive
{
    private readonly ManualResetEvent _end = new(false);
    private readonly Thread _thread;

    public ThreadJoinPrimitive()
    {
        _thread = new Thread(() => _end.WaitOne()) { IsBackground = true };
        _thread.Start();
    }

    internal override void LetGo()
    {
        _end.Set();
        _thread.Join();
    }

    internal override void Wait() => _thread.Join();

    internal override bool Wait(TimeSpan timeout) => _thread.Join(timeout);
}

/// <summary>The other party is in the factory, which waits.</summary>
internal sealed class LazyPrimitive : WaitPrimitive
{
    private readonly Action<Action> _startOther;
    private readonly Signal _isInFactory = new();
    private readonly Signal _mayReturn = new();
    private readonly Lazy<int> _lazy;

    public LazyPrimitive(Action<Action> startOther)
    {
        _startOther = startOther;
        _lazy = new Lazy<int>(() =>
        {
            _isInFactory.Set();
            _mayReturn.Wait(Deadline.Never);
            return 7;
        });
    }

    internal override bool HasTimeout => false;

    internal override bool SharesFailures => true;

    internal override bool EndsWithGroup => false;

    internal override void Hold()
    {
        _startOther(() => _ = _lazy.Value);
        _isInFactory.Wait(Deadline.Never);
    }

    internal override void LetGo()
    {
        _mayReturn.Set();
        Wait();
    }

    internal override void Wait() => Assert.Equal(7, _lazy.Value);
}

/// <summary>A task that is waited for in one of the many ways.</summary>
internal abstract class TaskPrimitive : WaitPrimitive
{
    private readonly TaskCompletionSource<int> _source = new();

    protected Task<int> Task => _source.Task;

    internal override void LetGo() => _source.SetResult(7);
}

internal sealed class TaskWaitPrimitive : TaskPrimitive
{
    internal override bool HasToken => true;

    internal override void Wait() => Task.Wait();

    internal override bool Wait(TimeSpan timeout) => Task.Wait(timeout);

    internal override void Wait(CancellationToken token) => Task.Wait(token);
}

internal sealed class TaskResultPrimitive : TaskPrimitive
{
    internal override bool HasTimeout => false;

    internal override void Wait() => Assert.Equal(7, Task.Result);
}

internal sealed class TaskGetResultPrimitive : TaskPrimitive
{
    internal override bool HasTimeout => false;

    internal override void Wait() => Assert.Equal(7, Task.ConfigureAwait(false).GetAwaiter().GetResult());
}

internal sealed class TaskWaitAnyPrimitive : TaskPrimitive
{
    private Task[] Tasks => [new TaskCompletionSource().Task, Task];

    internal override bool HasToken => true;

    internal override void Wait() => Assert.Equal(1, System.Threading.Tasks.Task.WaitAny(Tasks));

    internal override bool Wait(TimeSpan timeout) => System.Threading.Tasks.Task.WaitAny(Tasks, timeout) == 1;

    internal override void Wait(CancellationToken token) => Assert.Equal(1, System.Threading.Tasks.Task.WaitAny(Tasks, token));
}

internal sealed class TaskWaitAllPrimitive : TaskPrimitive
{
    private Task[] Tasks => [Task, System.Threading.Tasks.Task.CompletedTask, Task];

    internal override bool HasToken => true;

    internal override void Wait() => System.Threading.Tasks.Task.WaitAll(Tasks);

    internal override bool Wait(TimeSpan timeout) => System.Threading.Tasks.Task.WaitAll(Tasks, timeout);

    internal override void Wait(CancellationToken token) => System.Threading.Tasks.Task.WaitAll(Tasks, token);
}
