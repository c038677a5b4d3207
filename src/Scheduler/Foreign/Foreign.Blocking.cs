namespace GreenThreads;

// A call that blocks takes its OS thread with it. So the green thread goes to another OS thread first, a blocking host (BlockingHosts.cs): a scheduler that has
// nothing else to do, and nobody else to stop. It leaves it as soon as the call has returned.
//
// Rejected: to hand the scheduler's queue, poller and timers to another OS thread instead, as Go does (see SchedulerMonitor); to make the call on a thread of the
// pool that BlockingWork has: it would be another thread to the code, without the locks, thread statics and the identity of its green thread.
public static unsafe partial class Foreign
{
    /// <summary>
    /// Runs code that blocks its OS thread for long, on a large stack as <see cref="Run(Action)"/> does. The green thread moves to an OS thread of its own first, so that no
    /// scheduler is blocked, and goes on anywhere afterwards; that takes some ten microseconds, so do not use it for calls that are over sooner. There are no more such OS
    /// threads at once than <see cref="SchedulerGroupOptions.MaximumBlockingThreads"/>; who finds none free parks until one is. A green thread that cannot move
    /// (in a callback, in a catch block, in <see cref="Run(Action)"/>) blocks its scheduler, and others take over its work when the monitor finds it stuck. A call that
    /// blocks is not ended by a cancellation.
    /// </summary>
    /// <param name="body">The code. What it throws is thrown here, with the stack trace of where it was.</param>
    /// <exception cref="ArgumentNullException">There is no body.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled, and the body was not run.</exception>
    /// <exception cref="GreenThreadLimitException">There is no further large stack: too many green threads are on one.</exception>
    /// <exception cref="Exception">What the body threw.</exception>
    public static void RunBlocking(Action body)
    {
        ArgumentNullException.ThrowIfNull(body);
        RunOnHost(new LargeStackAction(body));
    }

    /// <summary>Runs code with a result that blocks its OS thread for long.</summary>
    /// <inheritdoc cref="RunBlocking(Action)"/>
    /// <returns>What the body returned.</returns>
    public static T RunBlocking<T>(Func<T> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        var function = new LargeStackFunction<T>(body);
        RunOnHost(function);
        return function.Result!;
    }

    // It throws when it has left the host: a finally block through which an exception passes cannot go elsewhere.
    private static void RunOnHost(LargeStackBody body)
    {
        using (BlockingHosts.Enter())
        {
            if (Coroutine.CurrentOnGreenStack is { } self)
                self.TryRunOnLargeStack(body);
            else
                body.Run();
        }
        body.ThrowIfFailed();
    }
}
