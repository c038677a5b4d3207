namespace GreenThreads;

// When a group looks for a deadlock. The monitor falls asleep with the schedulers; if nobody wakes it for a while, it looks once (DeadlockLook):
//
//   Alive        somebody may still wake up by itself: a timer, a descriptor, a task. Only that can change it, so there is no other look before the next quiet
//   HeldBack     all wait for each other, but an OS thread that has a reference to one of the primitives is alive and free to use it, or something of the kind.
//                That may end while all sleep, so there are further looks, at growing intervals
//   Deadlocked   as far as the group knows. What else goes on in the process (OutsideActivity) takes locks of the framework's to find out, which the monitor must
//                not: a thread of its own, the judge, does it, looks a second time, and reports
//
// In bound mode there is nobody whose sleep tells that all is quiet, so the monitor looks all the time, at the longest interval while nothing is found, and a
// deadlock must be seen by two looks.
internal sealed class DeadlockWatch
{
    // The longest interval between two looks, in terms of the first. A guess: a look at a hundred thousand takes the better part of a second. In bound mode there are
    // fewer, and nothing but the next look tells.
    private static readonly int s_longestPause = GreenRuntime.Mode == GreenRuntimeMode.Bound ? 10 : 60;

    private readonly SchedulerGroup _group;
    private readonly TimeSpan _patience;
    private readonly OutsideActivity? _outside;

    // Who was last found to wait for what may come from anywhere: asked first at the next look. Monitor only, as the next three.
    private readonly WeakReference<GreenThread?> _witness = new(null);
    private TimeSpan _pause;
    private long _lastMoves = -1;

    private volatile bool _hasReported;
    private volatile bool _isJudging;

    internal DeadlockWatch(SchedulerGroup group, SchedulerGroupOptions options)
    {
        _group = group;
        _patience = options.DeadlockPatience;
        _outside = options.IgnoresOutsideActivity ? null : new OutsideActivity(group);
    }

    /// <summary>When the monitor is to look, if all sleep until then.</summary>
    internal Deadline NextLook { get; private set; } = Deadline.Never;

    /// <summary>All schedulers sleep. The monitor.</summary>
    internal void BeginQuiet()
    {
        _pause = _patience;
        NextLook = _hasReported ? Deadline.Never : Deadline.After(_pause);
    }

    /// <summary>Looks, and has a deadlock reported that it finds. The monitor: takes no lock that anybody parks under.</summary>
    internal void Look()
    {
        NextLook = Deadline.Never;
        if (_hasReported || !_group.IsOpenOrDraining)
            return;
        var look = new DeadlockLook(_group);
        DeadlockVerdict verdict = _isJudging ? DeadlockVerdict.HeldBack : look.Run(_witness);
        if (GreenRuntime.Mode == GreenRuntimeMode.Bound)
            verdict = ConfirmBound(verdict, look.Moves);
        if (verdict == DeadlockVerdict.Deadlocked)
            StartJudge(look.Moves);
        if (verdict == DeadlockVerdict.Alive)
            return;
        TimeSpan longest = _patience * s_longestPause;
        _pause = _pause * 2 < longest ? _pause * 2 : longest;
        NextLook = Deadline.After(_pause);
    }

    private DeadlockVerdict ConfirmBound(DeadlockVerdict verdict, long moves)
    {
        bool hasMoved = moves != _lastMoves;
        _lastMoves = verdict == DeadlockVerdict.Deadlocked ? moves : -1;
        return verdict == DeadlockVerdict.Deadlocked && !hasMoved ? verdict : DeadlockVerdict.HeldBack;
    }

    private void StartJudge(long moves)
    {
        _isJudging = true;
        if (!OsThread.TryStart(new Thread(() => Judge(moves)) { IsBackground = true, Name = $"{_group.Name}-judge" }))
            _isJudging = false;
    }

    private void Judge(long moves)
    {
        using OwnOsThreads.Region own = OwnOsThreads.Enter();
        try
        {
            var look = new DeadlockLook(_group);
            if (look.Run(null) != DeadlockVerdict.Deadlocked || look.Moves != moves)
                return;
            if (_outside is not null && _outside.MayWakeAnybody(look))
                return;
            // Once more, since what has just been asked about may have ended by waking somebody.
            var last = new DeadlockLook(_group);
            if (last.Run(null) != DeadlockVerdict.Deadlocked || last.Moves != moves || !_group.IsOpenOrDraining)
                return;
            _hasReported = true;
            _group.Report(DeadlockReport.Of(_group, last));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or OutOfMemoryException)
        {
            // No descriptor left to look around with, for example: then it stays silent until the next look.
            _group.LogLookFailed(exception);
        }
        finally
        {
            _isJudging = false;
        }
    }
}
