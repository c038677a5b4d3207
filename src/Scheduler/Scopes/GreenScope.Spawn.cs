using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace GreenThreads;

// How children come and go. A child costs what a green thread costs and a link: the scope has no object for it, and when it has ended it refers to it no
// more, so a scope may live for days and spawn millions. Only what failed stays.
public sealed partial class GreenScope
{
    /// <summary>
    /// Starts a green thread that ends before the scope does: in the owner's group, or in <see cref="SchedulerGroup.Default"/> if an OS thread has opened the scope. If the
    /// scope is cancelled, it does not begin (it ends with <see cref="GreenThreadCanceledException"/> and is no failure). Any thread; does not park.
    /// </summary>
    /// <param name="body">
    /// What it runs. What it throws is a failure of the scope, whether or not somebody joins the child. After the scope was cancelled an
    /// <see cref="OperationCanceledException"/> is taken for a consequence of that, and is none.
    /// </param>
    /// <param name="name">For people and tools.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="GreenThread.SpawnSite"/>.</param>
    /// <param name="line">Filled in by the compiler, for <see cref="GreenThread.SpawnSite"/>.</param>
    /// <exception cref="ArgumentNullException">There is no body.</exception>
    /// <exception cref="ObjectDisposedException">The scope has been disposed of.</exception>
    /// <exception cref="InvalidOperationException">The group has been shut down.</exception>
    /// <exception cref="GreenThreadCanceledException">The group is being shut down and cancels its green threads, of which the caller is one.</exception>
    /// <exception cref="GreenThreadLimitException">Bound mode only: the system gives no further OS thread.</exception>
    public GreenThread Spawn(Action body, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Group.SpawnIn(this, body, OptionsOfChild(name, file, line));
    }

    /// <summary>Starts a green thread that ends with a result. It can be read when the child has ended, also after the scope was left.</summary>
    /// <inheritdoc cref="Spawn(Action, string?, string, int)"/>
    public GreenThread<T> Spawn<T>(Func<T> body, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Group.SpawnIn(this, body, OptionsOfChild(name, file, line));
    }

    // An OS thread's children may be the first that need the default group.
    private SchedulerGroup Group => _group ??= SchedulerGroup.Default;

    // The scope takes their exceptions, whatever the group's policy says.
    private SpawnOptions OptionsOfChild(string? name, string file, int line) =>
        new() { Name = name, File = file, Line = line, KeepsExceptions = true, IsDaemon = Owner is GreenThread { IsDaemon: true } };

    /// <summary>Takes a green thread in that is about to start.</summary>
    /// <returns>False if the scope is cancelled: it has ended already. So nobody who goes on spawning can keep the owner from leaving.</returns>
    /// <exception cref="ObjectDisposedException">The scope has been disposed of.</exception>
    internal bool TryEnter(GreenThread child)
    {
        child.InnermostScope = this;
        ScopeCancellation? cancellation;
        bool isClosed;
        using (_gate.Enter())
        {
            isClosed = _isClosed;
            cancellation = _cancellation;
            _hasSpawned = true;
            if (!isClosed && cancellation is null)
            {
                _children.Add(child);
                return true;
            }
        }
        child.InnermostScope = null;
        ObjectDisposedException.ThrowIf(isClosed, this);
        child.EndInsteadOfStarting(cancellation!.Reason);
        return false;
    }

    /// <summary>Takes one out that could not be started.</summary>
    internal void Withdraw(GreenThread child) => Leave(child);

    /// <summary>A child has ended. Called by itself, where nothing may park, block or throw.</summary>
    internal void OnEnded(GreenThread child)
    {
        ExceptionDispatchInfo? info = child.TakeFailureInfo();
        bool isOfGroup = info?.SourceException is GreenThreadCanceledException && !child.HasCancelReason && child.Group.IsCanceling;
        bool isCancellation = info is not null && !isOfGroup && (IsCanceled || child.HasCancelReason) && IsCancellation(info.SourceException, child);
        ScopeFailure? failure = info is null || isCancellation ? null : new ScopeFailure(child, info, isOfGroup);
        ScopeCancellation? cancellation = OfEnd(failure, hasEndedWell: info is null);
        child.InnermostScope = null;
        if (failure is null && cancellation is null)
        {
            Leave(child);
            return;
        }

        bool isFirst;
        using (_gate.Enter())
        {
            _children.Remove(child);
            if (failure is not null && !(isOfGroup && _isGroupCanceled))
                Append(failure);
            _isGroupCanceled |= isOfGroup;
            isFirst = cancellation is not null && TryWriteCancellation(cancellation);
            if (isFirst && failure is null)
                _winner = child;
        }
        if (isFirst)
            TellAll(cancellation!);
        // Only now: once the owner sees no living child, whatever this one has set off is done.
        Leave(child: null);
    }

    private ScopeCancellation? OfEnd(ScopeFailure? failure, bool hasEndedWell)
    {
        if (IsCanceled)
            return null;
        if (failure is not null && Policy == FailurePolicy.FailFast)
            return new ScopeCancellation(ScopeCancellationKind.Failure, $"another child of the {Place} failed", failure.Exception);
        if (hasEndedWell && Policy == FailurePolicy.FirstSuccess)
            return new ScopeCancellation(ScopeCancellationKind.Success, $"another child of the {Place} ended well first");
        return null;
    }

    // Whether an exception says no more than that its green thread was cancelled.
    private static bool IsCancellation(Exception exception, GreenThread child) => exception switch
    {
        GreenThreadCanceledException => child.HasCancelReason,
        OperationCanceledException => true,
        AggregateException several => several.InnerExceptions.All(inner => IsCancellation(inner, child)),
        _ => false,
    };

    private void Append(ScopeFailure failure)
    {
        if (_lastFailure is null)
            _firstFailure = failure;
        else
            _lastFailure.Next = failure;
        _lastFailure = failure;
    }

    // Null for one that is out of the list already.
    private void Leave(GreenThread? child)
    {
        bool isOwnerDue;
        using (_gate.Enter())
        {
            if (child is not null)
                _children.Remove(child);
            Debug.Assert(_children.Count > 0, "each child is counted once");
            _children.Discount();
            isOwnerDue = _ownerWaits && _children.Count == 0;
            if (isOwnerDue)
                _ownerWaits = false;
        }
        if (isOwnerDue)
            Owner.Wake();
    }
}
