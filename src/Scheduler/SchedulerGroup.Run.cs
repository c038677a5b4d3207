using System.Runtime.CompilerServices;

namespace GreenThreads;

// The platform scheduler: the calling OS thread is the first scheduler of a new group, for libraries that want to be called on the process's main
// thread only. What it is given runs there from beginning to end, wherever it parks; green threads that it spawns may run on any scheduler.
public sealed partial class SchedulerGroup
{
    /// <summary>
    /// Makes the calling OS thread one of the schedulers of a new group, and runs <paramref name="main"/> on it as a green thread that never leaves this OS
    /// thread. Returns when it has ended, and with it all green threads of the group that are no daemons; if it fails, the others are cancelled. The group
    /// is <see cref="Default"/> meanwhile, unless there is one already.
    /// </summary>
    /// <param name="main">What to run.</param>
    /// <param name="options">How; the calling OS thread counts as one of <see cref="SchedulerGroupOptions.Schedulers"/>.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="GreenThread.SpawnSite"/>.</param>
    /// <param name="line">Filled in by the compiler, for <see cref="GreenThread.SpawnSite"/>.</param>
    /// <exception cref="ArgumentNullException">There is nothing to run.</exception>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no name or no logger factory.</exception>
    /// <exception cref="InvalidOperationException">The calling OS thread is a scheduler already.</exception>
    /// <exception cref="Exception">What <paramref name="main"/> threw, with the stack trace of where it did.</exception>
    public static void Run(Action main, SchedulerGroupOptions? options = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(main);
        if (GreenThread.Current is not null || Scheduler.Current is not null)
            throw new InvalidOperationException("the calling OS thread is a scheduler already: spawn a green thread instead");
        var group = new SchedulerGroup(options ?? new SchedulerGroupOptions(), hasPlatformScheduler: true);
        lock (s_defaultGate)
            s_default ??= group;

        Scheduler? platform = GreenRuntime.Mode == GreenRuntimeMode.Switched ? group.RegularSchedulers[0] : null;
        GreenThread thread;
        if (platform is null)
        {
            thread = group.RunBound(main, new SpawnOptions { Name = "main", File = file, Line = line });
            group.Shutdown(thread.HasFailed ? TimeSpan.Zero : Timeout.InfiniteTimeSpan);
        }
        else
        {
            thread = group.Spawn(main, new SpawnOptions { Name = "main", File = file, Line = line, Home = platform });
            var closer = new Thread(() =>
            {
                using OwnOsThreads.Region own = OwnOsThreads.Enter();
                thread.WaitForEnd(Deadline.Never);
                group.Shutdown(thread.HasFailed ? TimeSpan.Zero : Timeout.InfiniteTimeSpan);
            })
            { IsBackground = true, Name = $"{group.Name}-main" };
            closer.UnsafeStart();
            OsThreadWaiter caller = OsThreadWaiter.Current;
            caller.BeginWaitFor(group);
            platform.Run();
            closer.Join();
            caller.EndWait();
        }
        thread.Join();
    }
}
