namespace GreenThreads.Tests;

/// <summary>Somebody who takes part in a test of waits: a green thread, or an OS thread.</summary>
internal sealed class Party
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private GreenThread? _green;
    private volatile Thread? _thread;

    private Party()
    {
    }

    internal static Party OnGreenThread(SchedulerGroup group, Action body)
    {
        var party = new Party();
        party._green = group.Spawn(() => party.Run(body));
        return party;
    }

    internal static Party OnOsThread(Action body)
    {
        var party = new Party();
        new Thread(() => party.Run(body)) { IsBackground = true }.Start();
        return party;
    }

    internal bool HasEnded => _end.Task.IsCompleted;

    /// <summary>Waits until it waits for something, or has ended. From an OS thread.</summary>
    internal void AwaitWaiting() =>
        Assert.True(SpinWait.SpinUntil(() => IsWaiting || HasEnded, TimeLimit.Generous), "a party neither waits nor ends");

    /// <summary>Waits for its end and throws what it threw. From an OS thread.</summary>
    internal void Join() => _end.Task.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();

    private bool IsWaiting => GreenRuntime.Mode == GreenRuntimeMode.Switched && _green is { } green
        ? green.State == GreenThreadState.Parked
        : _thread is { } thread && (thread.ThreadState & ThreadState.WaitSleepJoin) != 0;

    private void Run(Action body)
    {
        _thread = Thread.CurrentThread;
        try
        {
            body();
            _end.SetResult();
        }
        catch (Exception exception)
        {
            _end.SetException(exception);
        }
    }
}
