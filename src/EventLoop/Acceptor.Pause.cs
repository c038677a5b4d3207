using System.Diagnostics;

namespace GreenThreads;

// What an accept does when the system has nothing left to accept with: it pauses and tries again, since connections that are open must go on and
// their end is what frees descriptors. The pause is a wait for the close only: a further connection must not cut it short, a Dispose must.
// (So may the end of a connection when there is a limit of them, which frees a descriptor.)
// Rejected: to hold one descriptor in reserve and close connections with it. The peers would retry at once, and the reserve can be lost to a race.
internal sealed partial class Acceptor
{
    // Go's net/http uses the same two.
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_warningInterval = TimeSpan.FromMinutes(1);

    // When the next warning of either kind may be logged, timestamps of Stopwatch.
    private long _nextWarning = long.MinValue;
    private long _nextWarningWhenFull = long.MinValue;

    private static bool IsLackOfResources(int errno) => errno is Errno.EMFILE or Errno.ENFILE or Errno.ENOBUFS or Errno.ENOMEM;

    /// <summary>Linux passes on errors of the connection that it would have accepted: accept(2), "Error handling". The next one may be fine.</summary>
    private static bool IsAboutTheNewConnection(int errno) =>
        errno is Errno.ECONNABORTED or Errno.EPROTO or Errno.ENOPROTOOPT or Errno.EOPNOTSUPP or Errno.ENETDOWN or Errno.ENETUNREACH
            or Errno.EHOSTDOWN or Errno.EHOSTUNREACH or Errno.ENONET or Errno.EPERM;

    private TimeSpan NextPause(TimeSpan pause, int errno)
    {
        pause = pause == TimeSpan.Zero ? s_firstPause : pause * 2;
        if (pause > s_longestPause)
            pause = s_longestPause;
        if (IsTimeFor(ref _nextWarning))
            Log.CannotAccept(EventLoopHost.Current.LoopOfCaller.Logger, _name, new SystemCallException("accept4", errno).Message, s_longestPause);
        return pause;
    }

    /// <summary>Nobody is accepted because of the limit.</summary>
    private void LogFull()
    {
        if (IsTimeFor(ref _nextWarningWhenFull))
            Log.HasAllConnections(EventLoopHost.Current.LoopOfCaller.Logger, _name, Limit.Maximum);
    }

    // Several may accept at once; the one that moves the time logs.
    private static bool IsTimeFor(ref long next)
    {
        long now = Stopwatch.GetTimestamp();
        long allowed = Interlocked.Read(ref next);
        return now >= allowed && Interlocked.CompareExchange(ref next, Deadline.After(s_warningInterval).Timestamp, allowed) == allowed;
    }
}
