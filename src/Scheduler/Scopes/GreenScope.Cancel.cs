namespace GreenThreads;

// What cancels a scope, and who is told of it.
public sealed partial class GreenScope
{
    // Who is told between two visits of the gate. A guess: some hundred nanoseconds for the gate, and few enough that nobody waits long for it.
    private const int Batch = 32;

    private CancellationTokenRegistration _registration;
    private Timer? _timer;

    // In the list of those who are to tell theirs. Used by the one who has cancelled it.
    private GreenScope? _nextToTell;

    /// <summary>
    /// Cancels the children, the scopes that they have opened, and those that the owner has opened inside: every park of theirs throws
    /// <see cref="GreenThreadCanceledException"/>. <see cref="Join()"/> throws an <see cref="OperationCanceledException"/>. Any thread; does not park. Does nothing if
    /// the scope is cancelled already, or disposed of.
    /// </summary>
    public void Cancel() => Cancel(new ScopeCancellation(ScopeCancellationKind.Request, $"the {Place} was cancelled"));

    /// <summary>Whether it has a deadline that is earlier than that of the scope around it, which otherwise cancels this one too.</summary>
    private bool HasOwnDeadline { get; }

    private void Cancel(ScopeCancellation cancellation)
    {
        bool isFirst;
        using (_gate.Enter())
            isFirst = TryWriteCancellation(cancellation);
        if (isFirst)
            TellAll(cancellation);
    }

    private bool TryWriteCancellation(ScopeCancellation cancellation)
    {
        _gate.AssertHeld();
        if (_cancellation is not null || _isClosed)
            return false;
        _cancellation = cancellation;
        return true;
    }

    // By whoever has written the cancellation, once, with no gate held.
    private void TellAll(ScopeCancellation cancellation)
    {
        Interlocked.MemoryBarrier(); // See the top of GreenScope.cs.
        ScopeCancellation forInner = cancellation.ForInner;
        GreenScope? toTell = this;
        toTell._nextToTell = null;
        while (toTell is { } scope)
        {
            toTell = scope._nextToTell;
            scope._nextToTell = null;
            scope.CancelToken();
            CancelInner(scope._inner, ref toTell, forInner);
            scope.TellChildren(ref toTell, forInner);
        }
    }

    private void TellChildren(ref GreenScope? toTell, ScopeCancellation forInner)
    {
        Span<GreenThread?> children = new GreenThread?[Batch];
        CancelReason reason = _cancellation!.Reason;
        while (true)
        {
            int count;
            using (_gate.Enter())
                count = _children.TakeUntold(children);
            if (count == 0)
                return;
            foreach (GreenThread? child in children[..count])
            {
                child!.Cancel(reason); // A full fence, before the look at what it has opened.
                for (GreenScope? opened = child.InnermostScope; opened is not null && opened.Owner == child; opened = opened.Parent)
                    CancelInner(opened, ref toTell, forInner);
            }
        }
    }

    private static void CancelInner(GreenScope? inner, ref GreenScope? toTell, ScopeCancellation cancellation)
    {
        if (inner is null || inner._isShielded)
            return;
        using (inner._gate.Enter())
        {
            if (!inner.TryWriteCancellation(cancellation))
                return;
        }
        Interlocked.MemoryBarrier(); // As in TellAll.
        inner._nextToTell = toTell;
        toTell = inner;
    }

    private void CancelToken()
    {
        if (Volatile.Read(ref _source) is { } source)
            _ = source.CancelAsync();
    }

    // The last step of opening it: from here on others may cancel it.
    private void ListenForCancellation(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            _registration = cancellationToken.UnsafeRegister(
                static (state, token) => ((GreenScope)state!).OnTokenCanceled(token), this); // At once, if it is cancelled already.
        }
        if (!HasOwnDeadline || IsCanceled)
            return;
        if (_deadline.HasPassed)
        {
            CancelForDeadline();
            return;
        }
        _timer = new Timer(static state => ((GreenScope)state!).OnTimer(), this, Timeout.Infinite, Timeout.Infinite);
        SetTimer();
    }

    private void StopListening()
    {
        // Not Dispose, which waits for a callback that is under way. It finds a closed scope.
        _registration.Unregister();
        _timer?.Dispose();
    }

    private void OnTokenCanceled(CancellationToken token) =>
        Cancel(new ScopeCancellation(ScopeCancellationKind.Token, $"the token of the {Place} was cancelled", token: token));

    private void CancelForDeadline() =>
        Cancel(new ScopeCancellation(ScopeCancellationKind.Deadline, $"the deadline of the {Place} has passed"));

    // On the thread pool.
    private void OnTimer()
    {
        if (_deadline.HasPassed)
            CancelForDeadline();
        else if (!_isClosed)
            SetTimer();
    }

    // In whole milliseconds, rounded up, and not for longer than a timer can: it may come early, never late.
    private void SetTimer() => _timer!.Change((long)Math.Min(Math.Ceiling(_deadline.Remaining.TotalMilliseconds), int.MaxValue), Timeout.Infinite);
}
