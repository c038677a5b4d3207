using System.Runtime.CompilerServices;

namespace GreenThreads;

// The exact form: a delegate can be told apart from what its children did, where Dispose cannot know whether an exception is on its way.
public sealed partial class GreenScope
{
    /// <summary>
    /// Runs a body with a scope of its own, here, and waits for the children: the exact form of <c>using</c> with <see cref="Join()"/> at the end. Parks a green thread;
    /// blocks an OS thread.
    /// </summary>
    /// <param name="body">What to run. It may call <see cref="Join()"/> itself, and need not.</param>
    /// <param name="deadline">As in <see cref="Open(TimeSpan, CancellationToken, FailurePolicy, string, int)"/>; null for none.</param>
    /// <param name="cancellationToken">Cancels the scope.</param>
    /// <param name="policy">What the end of one child means for the others.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="OpenSite"/>.</param>
    /// <param name="line">Filled in by the compiler, for <see cref="OpenSite"/>.</param>
    /// <exception cref="ArgumentNullException">There is no body.</exception>
    /// <exception cref="AggregateException">
    /// The body threw, and children failed too: its exception comes first, then theirs. Not for an <see cref="OperationCanceledException"/> that the body threw after a
    /// failure or the deadline had cancelled the scope: that is a consequence, and the cause is thrown instead.
    /// </exception>
    /// <exception cref="Exception">What the body threw, after the children were cancelled and have ended; otherwise what <see cref="Join()"/> throws.</exception>
    public static void Run(
        Action<GreenScope> body, TimeSpan? deadline = null, CancellationToken cancellationToken = default, FailurePolicy policy = FailurePolicy.FailFast,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        using GreenScope scope = Open(deadline ?? Timeout.InfiniteTimeSpan, cancellationToken, policy, file, line);
        try
        {
            body(scope);
        }
        catch (Exception exception)
        {
            scope.EndWith(exception);
            throw;
        }
        scope.Join();
    }

    /// <summary>The same, for a body with a result.</summary>
    /// <returns>What the body returned.</returns>
    /// <inheritdoc cref="Run(Action{GreenScope}, TimeSpan?, CancellationToken, FailurePolicy, string, int)"/>
    public static T Run<T>(
        Func<GreenScope, T> body, TimeSpan? deadline = null, CancellationToken cancellationToken = default, FailurePolicy policy = FailurePolicy.FailFast,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        using GreenScope scope = Open(deadline ?? Timeout.InfiniteTimeSpan, cancellationToken, policy, file, line);
        T result;
        try
        {
            result = body(scope);
        }
        catch (Exception exception)
        {
            scope.EndWith(exception);
            throw;
        }
        scope.Join();
        return result;
    }

    // Returns if the body's exception says it all.
    private void EndWith(Exception exception)
    {
        bool isConsequence = exception is OperationCanceledException && _cancellation is { Kind: ScopeCancellationKind.Failure or ScopeCancellationKind.Deadline };
        // The body may have left it itself; those that are open now are others then.
        if (!_isClosed)
        {
            while (Innermost != this)
                Innermost!.Close();
            CloseInSilence();
        }
        try
        {
            if (ReferenceEquals(exception, _thrown))
                return;
            if (isConsequence)
                ThrowOutcome();
            if (TakeFailures(unsettledOnly: true) is { Count: > 0 } failures)
                throw new AggregateException($"the body in the {Place} failed, and so did children", [exception, .. failures]);
        }
        finally
        {
            ReportUnobserved();
        }
    }
}
