namespace GreenThreads;

/// <summary>
/// The context of code of ours whose managed waits block the OS thread that green threads depend on: of schedulers outside of green threads, and while a task is
/// asked to wake a green thread. Such a wait looks now and then whether its signal lies with somebody who cannot run; see <see cref="HandleWait"/>.
/// </summary>
internal class BlockingContext : SynchronizationContext
{
    private protected BlockingContext()
    {
        if (GreenRuntime.Mode == GreenRuntimeMode.Switched)
            SetWaitNotificationRequired();
    }

    internal static BlockingContext Instance { get; } = new();

    public override int Wait(IntPtr[] waitHandles, bool waitAll, int millisecondsTimeout) =>
        GreenSynchronizationContext.WaitBlocking(waitHandles, waitAll, Deadline.AfterMilliseconds(millisecondsTimeout));
}
