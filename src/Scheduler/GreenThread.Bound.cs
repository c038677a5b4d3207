namespace GreenThreads;

// Bound mode: the green thread is an OS thread, and to park is to block it.
public partial class GreenThread
{
    private readonly OsThreadWaiter? _boundWaiter;
    private volatile bool _boundIsParked;

    /// <summary>Bound mode: what its OS thread waits with; null in switched mode.</summary>
    internal OsThreadWaiter? BoundWaiter => _boundWaiter;

    /// <summary>Whether it is off its stack, and only a wake-up can change that. In bound mode: whether it is in a park that has no deadline.</summary>
    internal bool IsAtRest => _boundWaiter is { } bound ? bound.IsParkedForGood : _park.IsParked;

    /// <summary>Runs it on the calling OS thread.</summary>
    internal void RunBound()
    {
        t_bound = this;
        try
        {
            Execute();
        }
        finally
        {
            t_bound = null;
        }
    }

    /// <summary>Throws if the calling code runs on a bound green thread that is cancelled.</summary>
    internal static void ThrowIfBoundIsCanceled() => t_bound?.ThrowIfCanceled();

    /// <summary>Starts the OS thread.</summary>
    /// <exception cref="GreenThreadLimitException">The system gives no further thread.</exception>
    internal void StartBound()
    {
        var thread = new Thread(() =>
        {
            using OwnOsThreads.Region own = OwnOsThreads.Enter();
            t_bound = this;
            Execute();
            Group.RemoveBound(this);
        })
        { IsBackground = true, Name = Name };
        Group.AddBound(this, thread);
        if (!OsThread.TryStart(thread))
        {
            Group.RemoveBound(this);
            throw new GreenThreadLimitException(
                "the system gives no further OS thread, which bound mode needs for each green thread",
                "ulimit -u, kernel.threads-max or the cgroup's pids.max");
        }
    }
}
