namespace GreenThreads;

/// <summary>
/// Runs tasks on green threads, each on one of its own: for code that takes a <see cref="TaskScheduler"/>, such as <see cref="TaskFactory"/>,
/// <see cref="Parallel"/> and <see cref="Task.ContinueWith(Action{Task}, TaskScheduler)"/>. Plain blocking code in such a task parks. All members may be used from any
/// thread.
/// </summary>
// TaskCreationOptions.LongRunning and PreferFairness change nothing: a green thread has no queue to leave, and there is no other order.
public sealed class GreenTaskScheduler : TaskScheduler
{
    private readonly SchedulerGroup _group;
    private readonly SendOrPostCallback _execute;

    /// <summary>Creates one that spawns into a group.</summary>
    /// <param name="group">Where the tasks run. Once it is shut down, whatever is started or continued here ends with a <see cref="TaskSchedulerException"/>.</param>
    /// <exception cref="ArgumentNullException">There is no group.</exception>
    public GreenTaskScheduler(SchedulerGroup group)
    {
        ArgumentNullException.ThrowIfNull(group);
        _group = group;
        _execute = task => TryExecuteTask((Task)task!);
    }

    /// <summary>That of <see cref="SchedulerGroup.Default"/>.</summary>
    public static new GreenTaskScheduler Default => SchedulerGroup.Default.TaskScheduler;

    /// <summary>Spawns a green thread for the task.</summary>
    /// <exception cref="InvalidOperationException">The group has been shut down. The framework wraps it in a <see cref="TaskSchedulerException"/>.</exception>
    protected override void QueueTask(Task task)
    {
        if (!_group.TrySpawnPosted(_execute, task))
            throw new InvalidOperationException($"the scheduler group {_group.Name} has been shut down, or has no OS thread left for a bound green thread");
    }

    /// <summary>Runs the task here if the caller is a green thread of the group.</summary>
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => GreenThread.Current?.Group == _group && TryExecuteTask(task);

    /// <summary>Not supported: a green thread that has not started does not tell what it will run.</summary>
    /// <exception cref="NotSupportedException">Always, as the contract permits.</exception>
    protected override IEnumerable<Task> GetScheduledTasks() => throw new NotSupportedException();
}
