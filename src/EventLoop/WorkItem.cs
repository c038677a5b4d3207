using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace GreenThreads;

/// <summary>One call that a <see cref="WorkPool"/> makes while its caller is parked; also the place in the pool's queue.</summary>
internal abstract class WorkItem : WaitNode
{
    private readonly Waiter _caller;
    private readonly ExecutionContext? _context;
    private ExceptionDispatchInfo? _failure;
    private volatile bool _hasEnded;

    /// <param name="caller">Who waits for it.</param>
    /// <param name="context">What it runs in; null for none.</param>
    private protected WorkItem(Waiter caller, ExecutionContext? context)
    {
        _caller = caller;
        _context = context;
    }

    /// <summary>Whether it was called and has returned or thrown.</summary>
    internal bool HasEnded => _hasEnded;

    internal override void Wake() => _caller.Wake();

    /// <summary>Makes the call, and wakes the caller.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever it is, the caller gets it.")]
    internal void Execute()
    {
        try
        {
            if (_context is null)
                Invoke();
            else
                ExecutionContext.Run(_context, static item => ((WorkItem)item!).Invoke(), this);
        }
        catch (Exception exception)
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
        }
        _hasEnded = true; // Release: the caller reads the result when it sees this.
        _caller.Wake();
    }

    /// <summary>Throws what it threw, with the stack trace of where it did.</summary>
    internal void ThrowIfFailed() => _failure?.Throw();

    private protected abstract void Invoke();
}

/// <summary>A call without a result.</summary>
internal sealed class WorkAction(Action action, Waiter caller, ExecutionContext? context) : WorkItem(caller, context)
{
    private protected override void Invoke() => action();
}

/// <summary>A call with a result.</summary>
internal sealed class WorkFunction<T>(Func<T> function, Waiter caller, ExecutionContext? context) : WorkItem(caller, context)
{
    internal T? Result { get; private set; }

    private protected override void Invoke() => Result = function();
}
