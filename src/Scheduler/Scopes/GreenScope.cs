using System.Runtime.CompilerServices;

namespace GreenThreads;

// A scope is opened, waited for and left by one thread, its owner; its children end before it does. Whatever ends a child, and whatever cancels the scope,
// is one step under the gate:
//
//   child ends        gate: out of the list, its failure kept; does it cancel the scope? -> if so, tell all (below) -> gate: one living child less; the
//                     owner waits and it was the last? -> wake the owner. (All in one visit where there is nothing to keep or tell.)
//   cancelled         gate: the cancellation is written, once                              -> tell all
//   tell all          the token; the children, a few at a time (ScopeChildren); the scopes that they have opened; the next scope inside that the owner has
//                     opened. Nobody holds a gate meanwhile.
//   left              gate: no living child? then closed, otherwise the owner waits
//
// Whoever adds something that a cancellation must find (a child, a scope inside, the token) publishes it first and looks whether the scope is cancelled
// then; whoever cancels writes that first and looks for those then, with a full fence between the two on either side.
//
// No code of a user's runs in any of it: the token's callbacks run on the thread pool (CancellationTokenSource.CancelAsync). So a scope can be cancelled
// from a child's last moment, from a timer or from a callback of another token, none of which may park.
//
// Rejected:
//   - Cancelling the owner's own parks too, as trio does. The owner is the one who waits for the children, in Join and Dispose, and would need an exception
//     from the rule there; what it waits for elsewhere is not known to the scope's author. Java decided the same.
//   - Refusing to spawn into a cancelled scope by an exception. When the first of several children fails while the owner spawns the next, the owner would be
//     thrown out by a consequence instead of going on to Join, which throws the cause. As in Java, such a child does not begin.

/// <summary>
/// A family of green threads with one lifetime: they end before <see cref="Dispose"/> returns, whichever way the block is left. The first failure cancels the
/// others, or as <see cref="FailurePolicy"/> says. A cancellation, whether by a failure, the deadline, a token or <see cref="Cancel()"/>, reaches every park of
/// every child (<see cref="GreenThreadCanceledException"/>), children that have not begun (they never do), and the scopes that children have opened. The owner's own
/// parks are not cancelled by its scope: it may look at <see cref="Token"/>.
/// </summary>
/// <remarks>
/// To be used with <c>using</c> by the green thread or OS thread that opened it. Only <see cref="Spawn(Action, string?, string, int)"/>, <see cref="Cancel()"/> and the
/// properties may be used from other threads. Code that runs across an <c>await</c> may be on another thread afterwards, and cannot own a scope.
/// </remarks>
public sealed partial class GreenScope : IDisposable
{
    // Guards what says so below. Held for a few instructions; never parked over.
    private SpinGate _gate;

    // All guarded by _gate when written.
    private ScopeChildren _children;
    private volatile ScopeCancellation? _cancellation;
    private ScopeFailure? _firstFailure;
    private ScopeFailure? _lastFailure;
    private GreenThread? _winner;
    private bool _hasSpawned;
    private bool _isGroupCanceled;
    private bool _ownerWaits;
    private volatile bool _isClosed;

    private readonly GreenThreads.Deadline _deadline;
    private readonly bool _isShielded;
    private readonly string _file;
    private readonly int _line;
    private SchedulerGroup? _group;
    private CancellationTokenSource? _source;

    // The next scope inside that has the same owner. Written by the owner; read by whoever cancels.
    private volatile GreenScope? _inner;

    private GreenScope(GreenThreads.Deadline deadline, FailurePolicy policy, string file, int line)
    {
        GreenThread? self = GreenThread.Current;
        Owner = (Waiter?)self ?? OsThreadWaiter.Current;
        Parent = Innermost;
        Policy = policy;
        _isShielded = self is { IsShielded: true };
        _group = self?.Group;
        GreenThreads.Deadline outer = Parent is null || _isShielded ? GreenThreads.Deadline.Never : Parent._deadline;
        _deadline = GreenThreads.Deadline.Earlier(deadline, outer);
        HasOwnDeadline = deadline.Timestamp < outer.Timestamp;
        _file = file;
        _line = line;
    }

    /// <summary>For people and tools; null if it was given none.</summary>
    public string? Name { get; set; }

    /// <summary>What the end of one child means for the others.</summary>
    public FailurePolicy Policy { get; }

    /// <summary>The file and line that opened it, such as "Server.cs:42"; empty if the compiler did not say.</summary>
    public string OpenSite => string.IsNullOrEmpty(_file) ? "" : $"{Path.GetFileName(_file)}:{_line}";

    /// <summary>
    /// What is left of its time, or of that of a scope around it if that is less; zero when it has passed, <see cref="Timeout.InfiniteTimeSpan"/> when there is no
    /// deadline. Fits as the timeout of whatever is done inside.
    /// </summary>
    public TimeSpan Deadline => _deadline.Remaining;

    /// <summary>Whether it is cancelled, for whatever reason: its children too, and what is spawned does not begin. It stays so.</summary>
    public bool IsCanceled => _cancellation is not null;

    /// <summary>
    /// Is cancelled when the scope is, for whatever reason; not when the scope ends well. Its callbacks run on the thread pool, so that whoever cancels need not wait for
    /// them; <see cref="CancellationToken.IsCancellationRequested"/> says so at once.
    /// </summary>
    public CancellationToken Token
    {
        get
        {
            if (_source is null)
                Interlocked.CompareExchange(ref _source, new CancellationTokenSource(), null); // Full fence: see the top.
            if (IsCanceled)
                CancelToken();
            return _source.Token;
        }
    }

    /// <summary>How many of its children have not ended. It may have changed when the caller looks at it.</summary>
    public int ChildCount
    {
        get
        {
            using (_gate.Enter())
                return _children.Count;
        }
    }

    /// <summary>
    /// What ended those of its children that failed, in the order in which they did, up to now. Cancellations that the scope has caused are not among them. Those who are
    /// returned count as looked at: <see cref="Dispose"/> does not report them. Can be read when the scope has been disposed of, too.
    /// </summary>
    public IReadOnlyList<Exception> Failures => TakeFailures(unsettledOnly: false);

    /// <summary>With <see cref="FailurePolicy.FirstSuccess"/>: the first child that ended well; null as long as there is none.</summary>
    public GreenThread? Winner
    {
        get
        {
            using (_gate.Enter())
                return _winner;
        }
    }

    /// <summary>Who has opened it: a green thread or an OS thread.</summary>
    internal Waiter Owner { get; }

    /// <summary>The scope around it: the next one that its owner has open, otherwise the one that its owner is a child of.</summary>
    internal GreenScope? Parent { get; }

    /// <summary>Opens a scope that is cancelled when a time has passed, or by a token. Does not park.</summary>
    /// <param name="deadline">
    /// How long it may take from now on, until <see cref="Join()"/> has returned; <see cref="Timeout.InfiniteTimeSpan"/> for no limit. If the scope around it has less
    /// left, that counts. <see cref="Join()"/> then throws a <see cref="TimeoutException"/>.
    /// </param>
    /// <param name="cancellationToken">Cancels the scope; <see cref="Join()"/> then throws an <see cref="OperationCanceledException"/> with it.</param>
    /// <param name="policy">What the end of one child means for the others.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="OpenSite"/>.</param>
    /// <param name="line">Filled in by the compiler, for <see cref="OpenSite"/>.</param>
    /// <returns>The scope, which the caller owns and must dispose of.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative and not infinite, or there is no such policy.</exception>
    /// <exception cref="ObjectDisposedException">The source of the token has been disposed of.</exception>
    public static GreenScope Open(
        TimeSpan deadline, CancellationToken cancellationToken = default, FailurePolicy policy = FailurePolicy.FailFast,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Open(GreenThreads.Deadline.After(deadline), cancellationToken, policy, file, line);

    /// <summary>Opens a scope that is cancelled when a time has passed. Does not park.</summary>
    /// <inheritdoc cref="Open(TimeSpan, CancellationToken, FailurePolicy, string, int)"/>
    public static GreenScope Open(TimeSpan deadline, FailurePolicy policy, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Open(GreenThreads.Deadline.After(deadline), CancellationToken.None, policy, file, line);

    /// <summary>Opens a scope that a token cancels. Does not park.</summary>
    /// <inheritdoc cref="Open(TimeSpan, CancellationToken, FailurePolicy, string, int)"/>
    public static GreenScope Open(
        CancellationToken cancellationToken, FailurePolicy policy = FailurePolicy.FailFast, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Open(GreenThreads.Deadline.Never, cancellationToken, policy, file, line);

    /// <summary>Opens a scope without a deadline. Does not park.</summary>
    /// <inheritdoc cref="Open(TimeSpan, CancellationToken, FailurePolicy, string, int)"/>
    public static GreenScope Open(FailurePolicy policy = FailurePolicy.FailFast, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Open(GreenThreads.Deadline.Never, CancellationToken.None, policy, file, line);

    private static GreenScope Open(GreenThreads.Deadline deadline, CancellationToken cancellationToken, FailurePolicy policy, string file, int line)
    {
        if (policy is < FailurePolicy.FailFast or > FailurePolicy.FirstSuccess)
            throw new ArgumentOutOfRangeException(nameof(policy), policy, "there is no such policy");
        var scope = new GreenScope(deadline, policy, file, line);
        scope.EnterTree();
        try
        {
            scope.ListenForCancellation(cancellationToken);
        }
        catch
        {
            scope.CloseInSilence();
            throw;
        }
        return scope;
    }

    // Those count as looked at from now on.
    private List<Exception> TakeFailures(bool unsettledOnly)
    {
        ScopeFailure? failure;
        using (_gate.Enter())
            failure = _firstFailure;
        // Failures are added, never taken out: the list can be walked without the gate.
        var failures = new List<Exception>();
        for (; failure is not null; failure = failure.Next)
        {
            if (unsettledOnly && IsSettled(failure))
                continue;
            failure.IsObserved = true;
            failures.Add(failure.Exception);
        }
        return failures;
    }
}
