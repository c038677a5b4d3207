namespace GreenThreads;

public static unsafe partial class Foreign
{
    /// <summary>
    /// Runs managed code on a large stack: for code with several foreign calls, with P/Invokes of any signature, or that recurses deeply. It stays on the same green
    /// thread: identity, locks, thread statics are the same, and it may park, but goes on on the same OS thread.
    /// </summary>
    /// <param name="body">The code. What it throws is thrown here, with the stack trace of where it was.</param>
    /// <exception cref="ArgumentNullException">There is no body.</exception>
    /// <exception cref="GreenThreadLimitException">There is no further large stack: too many green threads are parked on one.</exception>
    /// <exception cref="Exception">What the body threw.</exception>
    public static void Run(Action body)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (Coroutine.CurrentOnGreenStack is not { } self)
        {
            body();
            return;
        }
        var action = new LargeStackAction(body);
        self.RunOnLargeStack(action);
        action.ThrowIfFailed();
    }

    /// <summary>Runs managed code with a result on a large stack.</summary>
    /// <inheritdoc cref="Run(Action)"/>
    /// <returns>What the body returned.</returns>
    public static T Run<T>(Func<T> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (Coroutine.CurrentOnGreenStack is not { } self)
            return body();
        var function = new LargeStackFunction<T>(body);
        self.RunOnLargeStack(function);
        function.ThrowIfFailed();
        return function.Result!;
    }
}
