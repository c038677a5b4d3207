namespace GreenThreads;

// The end: waiting for the children, what it throws, and leaving.
public sealed partial class GreenScope
{
    // What Join has thrown: an exception that leaves the block with it is no further failure (Run). Owner only.
    private Exception? _thrown;

    /// <summary>
    /// Waits until all children have ended, those too that are spawned meanwhile; after a cancellation as well. Then throws what the policy, or the cancellation, says.
    /// May be called again after more was spawned. Parks a green thread; blocks an OS thread. If that wait ends by an exception, the children go on until
    /// <see cref="Dispose"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The caller is not who opened the scope.</exception>
    /// <exception cref="ObjectDisposedException">The scope has been disposed of.</exception>
    /// <exception cref="GreenThreadCanceledException">The owner itself is cancelled.</exception>
    /// <exception cref="TimeoutException">The deadline had passed before the children had ended and before anything else cancelled them. Failures of children are inside.</exception>
    /// <exception cref="OperationCanceledException">
    /// The token was cancelled (the exception has it), or <see cref="Cancel()"/> was called. Failures of children are inside.
    /// </exception>
    /// <exception cref="AggregateException">
    /// <see cref="FailurePolicy.CollectAll"/>: children failed; all failures. <see cref="FailurePolicy.FirstSuccess"/>: no child ended well; all failures.
    /// </exception>
    /// <exception cref="Exception">
    /// <see cref="FailurePolicy.FailFast"/>: what the first child threw, with the stack trace of where it did. Should others have failed too before they were cancelled, or
    /// while they were, they are in <see cref="Failures"/>.
    /// </exception>
    public void Join()
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        ThrowIfNotOwner();
        WaitForChildren(isLast: false);
        if (HasOwnDeadline && !IsCanceled && _deadline.HasPassed)
            CancelForDeadline();
        _thrown = null;
        ThrowOutcome();
    }

    /// <summary>With <see cref="FailurePolicy.FirstSuccess"/>: the same, and returns the result of the winner.</summary>
    /// <returns>The result of <see cref="Winner"/>.</returns>
    /// <exception cref="InvalidOperationException">
    /// The caller is not who opened the scope, or there is no winner (nothing was spawned, or the policy is another), or it has no result of this type.
    /// </exception>
    /// <inheritdoc cref="Join()"/>
    public T Join<T>()
    {
        Join();
        return Winner is GreenThread<T> winner
            ? winner.Result
            : throw new InvalidOperationException(Winner is null ? $"the {Place} has no winner" : $"the winner of the {Place} has no result of the type {typeof(T).Name}");
    }

    /// <summary>
    /// Leaves the scope: cancels those children that still live, and waits for their end, even if the owner is cancelled itself. Failures that <see cref="Join()"/> has not
    /// thrown and nobody has looked at (<see cref="Failures"/>) are told to <see cref="SchedulerGroup.UnobservedException"/>, or logged; with
    /// <see cref="FailurePolicy.FirstSuccess"/> not if there is a winner. Parks a green thread; blocks an OS thread. Further calls do nothing.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The caller is not who opened the scope, which stays open; or the caller has opened another one inside and not disposed of it, which is left as well.
    /// </exception>
    public void Dispose()
    {
        if (_isClosed)
            return;
        ThrowIfNotOwner();
        GreenScope? forgotten = Innermost == this ? null : Innermost;
        CloseWithInner();
        if (forgotten is not null)
            throw new InvalidOperationException($"the {this} was left before the {forgotten} inside of it");
    }

    /// <summary>Leaves it, and those first that its owner has opened inside.</summary>
    internal void CloseWithInner()
    {
        while (!_isClosed)
            Innermost!.Close();
    }

    private void Close()
    {
        CloseInSilence();
        ReportUnobserved();
    }

    private void CloseInSilence()
    {
        CancelAndWait();
        StopListening();
        LeaveTree();
    }

    private void ReportUnobserved()
    {
        for (ScopeFailure? failure = _firstFailure; failure is not null; failure = failure.Next)
        {
            if (IsSettled(failure))
                continue;
            failure.IsObserved = true;
            failure.Report();
        }
    }

    // Whether nobody need be told any more: of a failure that somebody was told of, that made no difference, or that says only that the group is being shut down.
    private bool IsSettled(ScopeFailure failure) =>
        failure.IsObserved || failure.IsOfGroup || _cancellation is { Kind: ScopeCancellationKind.Success };

    private void CancelAndWait()
    {
        bool isInterrupted = false;
        using (GreenThread.Shield())
        {
            while (true)
            {
                try
                {
                    WaitForChildren(isLast: true);
                    break;
                }
                catch (ThreadInterruptedException)
                {
                    isInterrupted = true; // An OS thread. It learns of it at its next wait.
                }
            }
        }
        if (isInterrupted)
            Thread.CurrentThread.Interrupt();
    }

    private void WaitForChildren(bool isLast)
    {
        while (!HaveAllEnded(isLast))
        {
            if (isLast && !IsCanceled)
            {
                Cancel(new ScopeCancellation(ScopeCancellationKind.Left, $"the {Place} was left"));
                continue;
            }
            GreenThreads.Deadline deadline = HasOwnDeadline && !IsCanceled ? _deadline : GreenThreads.Deadline.Never;
            Owner.WaitsForNothingElse = deadline.IsNever;
            Owner.WaitsFor = this;
            try
            {
                Owner.ParkCore(deadline);
            }
            finally
            {
                Owner.WaitsFor = null;
            }
            // The timer may be late: the pool is busy.
            if (deadline.HasPassed)
                CancelForDeadline();
        }
    }

    private bool HaveAllEnded(bool isLast)
    {
        using (_gate.Enter())
        {
            _ownerWaits = _children.Count != 0;
            if (isLast && !_ownerWaits)
                _isClosed = true; // In the same step: nobody is spawned in between.
            return !_ownerWaits;
        }
    }

    private void ThrowOutcome()
    {
        ScopeCancellation? cancellation = _cancellation;
        switch (cancellation?.Kind)
        {
            case ScopeCancellationKind.Success:
                return;
            case ScopeCancellationKind.Failure:
                _firstFailure!.IsObserved = true;
                _thrown = _firstFailure.Exception;
                _firstFailure.Info.Throw();
                return;
            case ScopeCancellationKind.Deadline:
                throw _thrown = new TimeoutException(cancellation.Message, InnerOfFailures());
            case ScopeCancellationKind.Token:
                throw _thrown = new OperationCanceledException(cancellation.Message, InnerOfFailures(), cancellation.Token);
            case not null:
                throw _thrown = new OperationCanceledException(cancellation.Message, InnerOfFailures() ?? cancellation.Reason.Cause, Token);
        }
        if (_firstFailure is not null)
            throw _thrown = new AggregateException($"children of the {Place} failed", TakeFailures(unsettledOnly: false));
        if (Policy == FailurePolicy.FirstSuccess && _hasSpawned)
            throw _thrown = new OperationCanceledException($"all children of the {Place} were cancelled");
    }

    // Of a scope that was cancelled for something else: what goes into that exception.
    private Exception? InnerOfFailures() => TakeFailures(unsettledOnly: false) switch
    {
        [] => null,
        [var single] => single,
        var several => new AggregateException(several),
    };

    private void ThrowIfNotOwner()
    {
        if (Owner != Waiter.Current)
            throw new InvalidOperationException($"only the thread that has opened the {Place} can wait for it and leave it");
    }
}
