namespace GreenThreads;

// What every green thread has as SynchronizationContext.Current: one for each group, since all that differs between two green threads (who waits) is
// asked for when it is needed.
//
//   GreenSynchronizationContext.cs       where asynchronous code goes on
//   GreenSynchronizationContext.Wait.cs  what a managed wait of a green thread does
//
// An await in code that runs on a green thread captures it and posts its continuation here, and so goes on on a green thread of the same group: another
// one, or at once on the one that completes what was awaited, as on the thread pool.

/// <summary>Where asynchronous code that was started on a green thread goes on: on green threads of the same group.</summary>
internal sealed partial class GreenSynchronizationContext : SynchronizationContext
{
    private readonly SchedulerGroup _group;

    internal GreenSynchronizationContext(SchedulerGroup group)
    {
        _group = group;
        if (GreenRuntime.Mode == GreenRuntimeMode.Switched)
            SetWaitNotificationRequired();
    }

    /// <summary>Spawns a green thread for it. From any thread; does not park. Once the group is closed, the thread pool runs it: a continuation must not get lost.</summary>
    public override void Post(SendOrPostCallback d, object? state)
    {
        ArgumentNullException.ThrowIfNull(d);
        if (!_group.TrySpawnPosted(d, state))
            ThreadPool.QueueUserWorkItem(static posted => posted.Callback(posted.State), (Callback: d, State: state), preferLocal: false);
    }

    /// <summary>Runs it: here, if this is a green thread of the group, otherwise on a new one, and waits for its end.</summary>
    /// <exception cref="Exception">What it threw.</exception>
    public override void Send(SendOrPostCallback d, object? state)
    {
        ArgumentNullException.ThrowIfNull(d);
        if (GreenThread.Current?.Group == _group)
            d(state);
        else
            _group.Spawn(() => d(state)).Join();
    }

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>An <c>async void</c> method begins: <see cref="SchedulerGroup.Run"/> and the drain of a shutdown wait for its end.</summary>
    public override void OperationStarted() => _group.CountOperationStart();

    public override void OperationCompleted() => _group.CountOperationEnd();
}
