using System.Runtime.ExceptionServices;

namespace GreenThreads;

// What ended a green thread, until somebody asks for it. If nobody ever does, nobody refers to it any more either, and its finalizer tells the
// process: the way of System.Threading.Tasks' exception holder. Only failed green threads have one.
internal sealed class UnobservedFailure(GreenThread thread, ExceptionDispatchInfo failure, bool isCancellation)
{
    private readonly string _thread = thread.Name ?? $"green thread {thread.Id}";
    private readonly SchedulerGroup _group = thread.Group;
    private volatile bool _isObserved;

    /// <summary>The exception, for those who only pass it on: it does not count as observed by that.</summary>
    internal Exception Exception => failure.SourceException;

    /// <summary>Whether somebody had cancelled the green thread, and it ended because of that.</summary>
    internal bool IsCancellation => isCancellation;

    internal ExceptionDispatchInfo Observe()
    {
        _isObserved = true;
        GC.SuppressFinalize(this);
        return failure;
    }

    ~UnobservedFailure()
    {
        if (!_isObserved)
            _group.ReportUnobserved(_thread, failure.SourceException);
    }
}
