namespace GreenThreads;

// System calls that block and that no event loop knows: regular files, the resolver of the C library.

/// <summary>
/// Makes a blocking call on an OS thread of a pool of its own (<see cref="SchedulerGroupOptions.MaximumBlockingThreads"/>) while the calling green thread is parked. A
/// plain OS thread, and a green thread in bound mode, makes it itself. What is thrown comes back with its stack trace. A call that has begun is always waited for, so
/// it may use the caller's buffers: a green thread that is cancelled meanwhile gets the result and learns of it at its next park.
/// </summary>
internal static class BlockingWork
{
    /// <summary>Makes a call without a result. Parks.</summary>
    /// <param name="call">The call. Not to use thread statics or the execution context of the caller, which are elsewhere.</param>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled, and the call was not made.</exception>
    internal static void Run(Action call)
    {
        if (EventLoopHost.Current.BeginBlockingCall() is not { } pool)
        {
            call();
            return;
        }
        Waiter caller = Waiter.Current;
        pool.Run(new WorkAction(call, caller, context: null), caller);
    }

    /// <summary>Makes a call with a result. Parks.</summary>
    /// <inheritdoc cref="Run(Action)"/>
    internal static T Run<T>(Func<T> call)
    {
        if (EventLoopHost.Current.BeginBlockingCall() is not { } pool)
            return call();
        Waiter caller = Waiter.Current;
        var item = new WorkFunction<T>(call, caller, context: null);
        pool.Run(item, caller);
        return item.Result!;
    }
}
