using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace GreenThreads;

/// <summary>Managed code that is to run on a large stack, and what came of it.</summary>
internal abstract class LargeStackBody
{
    private ExceptionDispatchInfo? _failure;

    [SuppressMessage("Design", "CA1031", Justification = "Whatever it is, it is thrown again on the caller's own stack.")]
    internal void Run()
    {
        try
        {
            Invoke();
        }
        catch (Exception exception)
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
        }
    }

    /// <summary>It could not be run.</summary>
    internal void Fail(Exception exception) => _failure = ExceptionDispatchInfo.Capture(exception);

    /// <summary>Throws what it threw, with the stack trace of where it did.</summary>
    internal void ThrowIfFailed() => _failure?.Throw();

    private protected abstract void Invoke();
}

/// <summary>Code without a result.</summary>
internal sealed class LargeStackAction(Action action) : LargeStackBody
{
    private protected override void Invoke() => action();
}

/// <summary>Code with a result.</summary>
internal sealed class LargeStackFunction<T>(Func<T> function) : LargeStackBody
{
    internal T? Result { get; private set; }

    private protected override void Invoke() => Result = function();
}
