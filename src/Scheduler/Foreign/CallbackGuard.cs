using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace GreenThreads;

/// <summary>
/// Keeps exceptions from leaving callbacks, which would end the process: no exception passes native code. Make one for a foreign call, run the bodies of its callbacks in it,
/// and ask it for what they threw when the call has returned. Also for <see cref="GreenThreadCanceledException"/>, where a callback parks. Any thread; one at a time.
/// </summary>
public sealed class CallbackGuard
{
    private ExceptionDispatchInfo? _failure;

    /// <summary>Whether a body has thrown. The others are not run any more.</summary>
    public bool HasFailed => _failure is not null;

    /// <summary>Runs the body of a callback.</summary>
    /// <param name="body">The code.</param>
    /// <param name="onFailure">What to return if it throws, or one before it has: often what tells the foreign function to stop.</param>
    /// <returns>What the body returned.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever it is, it is thrown again by ThrowIfFailed.")]
    public T Run<T>(Func<T> body, T onFailure)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (HasFailed)
            return onFailure;
        try
        {
            return body();
        }
        catch (Exception exception)
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
            return onFailure;
        }
    }

    /// <summary>To be called when the foreign call has returned: throws what a body threw, with the stack trace of where it did.</summary>
    /// <exception cref="Exception">What a body threw.</exception>
    public void ThrowIfFailed() => _failure?.Throw();
}
