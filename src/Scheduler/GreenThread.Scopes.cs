using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace GreenThreads;

// The scope that a green thread is a child of, and those that it has opened: one chain, from the innermost outwards (GreenScope.Parent).
public partial class GreenThread
{
    // Written by itself once it runs; read by whoever cancels.
    private volatile GreenScope? _innermostScope;

    /// <summary>The links in the list of its scope's children; guarded by the gate of that scope.</summary>
    internal GreenThread? NextInScope;
    internal GreenThread? PreviousInScope;

    /// <summary>The innermost scope that it has opened, or else the one that it is a child of.</summary>
    internal GreenScope? InnermostScope
    {
        get => _innermostScope;
        set => _innermostScope = value;
    }

    /// <summary>The scope that it is a child of; null as well when it has ended.</summary>
    internal GreenScope? Scope
    {
        get
        {
            GreenScope? scope = _innermostScope;
            while (scope is not null && scope.Owner == this)
                scope = scope.Parent;
            return scope;
        }
    }

    /// <summary>Whether it is cancelled for a reason of its own, although it may be shielded.</summary>
    internal bool HasCancelReason => _cancelReason is not null;

    /// <summary>Whether it runs shielded against cancellation at this moment. Only itself asks.</summary>
    internal bool IsShielded => _shields != 0;

    /// <summary>What ended it, which counts as observed from now on.</summary>
    internal ExceptionDispatchInfo? TakeFailureInfo() => Observe();

    /// <summary>
    /// Runs clean-up code that must wait although the calling green thread may be cancelled: parks in it do not throw <see cref="GreenThreadCanceledException"/>.
    /// Afterwards, the next park does. To be short: nothing can cut it short, and a scope, or the shutdown of a group, waits for it. A <see cref="GreenScope"/>
    /// that is opened in it is not cancelled by those around it either. On a plain OS thread just runs it.
    /// </summary>
    /// <param name="body">What to run, on the calling thread. May park.</param>
    /// <exception cref="ArgumentNullException">There is no body.</exception>
    /// <exception cref="Exception">What the body threw.</exception>
    public static void RunShielded(Action body)
    {
        ArgumentNullException.ThrowIfNull(body);
        using (Shield())
            body();
    }

    /// <summary>Ends it, cancelled, before anybody has started or seen it.</summary>
    internal void EndInsteadOfStarting(CancelReason reason)
    {
        _cancelReason = reason;
        _body = null;
        _context = null;
        _hasStarted = true;
        _failure = Keep(reason.CreateException());
        _ = _failure.Observe();
        _park.End();
    }

    // The body has ended, and left scopes open. Their children must not outlive them; parks a last time.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CloseForgottenScopes()
    {
        GreenScope outermost = _innermostScope!;
        while (outermost.Parent is { } parent && parent.Owner == this)
            outermost = parent;
        var mistake = new InvalidOperationException($"the green thread ended and had not disposed of its {outermost}");
        using (Shield())
            outermost.CloseWithInner();
        _failure ??= Keep(mistake);
    }

    private bool HasForgottenScopes => _innermostScope is { } scope && scope.Owner == this;

    private void LeaveScope()
    {
        using (NoPark.Enter())
            _innermostScope!.OnEnded(this);
    }
}
