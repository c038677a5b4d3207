using System.Runtime.CompilerServices;

namespace GreenThreads;

// Green threads for asynchronous callers, with the rules of Task.Run. The task is Completion, so it runs its continuations asynchronously: the green thread has
// ended by then, and could not park for them.
public partial class GreenThread
{
    /// <summary>
    /// Starts a green thread for an asynchronous caller: what <see cref="Task.Run(Action)"/> is to the thread pool. Its body is plain blocking code. Does not park.
    /// </summary>
    /// <param name="body">What it runs. An exception that leaves it goes to the task and nowhere else.</param>
    /// <param name="cancellationToken">Cancels the task if it is cancelled before the green thread begins. What has begun must look at it for itself.</param>
    /// <param name="group">Where it runs; null for the group of the calling green thread, on a plain OS thread <see cref="SchedulerGroup.Default"/>.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="SpawnSite"/>.</param>
    /// <param name="line">Filled in by the compiler, for <see cref="SpawnSite"/>.</param>
    /// <returns>
    /// A task that ends with the green thread: with its result, with its exception, or cancelled if that is an <see cref="OperationCanceledException"/>, as in an
    /// asynchronous method.
    /// </returns>
    /// <exception cref="ArgumentNullException">There is no body.</exception>
    /// <exception cref="InvalidOperationException">The group has been shut down, or is being shut down and the caller is not one of its green threads.</exception>
    /// <exception cref="GreenThreadCanceledException">The group is being shut down and cancels its green threads, of which the caller is one.</exception>
    public static Task Run(
        Action body, CancellationToken cancellationToken = default, SchedulerGroup? group = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled(cancellationToken);
        Action cancelable = !cancellationToken.CanBeCanceled ? body : () =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            body();
        };
        return (group ?? SchedulerGroup.Current).Spawn(cancelable, OptionsOfTask(file, line)).Completion;
    }

    /// <summary>The same, for a body with a result.</summary>
    /// <inheritdoc cref="Run(Action, CancellationToken, SchedulerGroup?, string, int)"/>
    public static Task<T> Run<T>(
        Func<T> body, CancellationToken cancellationToken = default, SchedulerGroup? group = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<T>(cancellationToken);
        Func<T> cancelable = !cancellationToken.CanBeCanceled ? body : () =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            return body();
        };
        return (group ?? SchedulerGroup.Current).Spawn(cancelable, OptionsOfTask(file, line)).Completion;
    }

    /// <summary>
    /// The same, for asynchronous code: it begins on a green thread, which then waits for the task that it returns, and goes on on green threads of the same group
    /// after each <c>await</c> that does not say otherwise.
    /// </summary>
    /// <returns>A task that ends as the returned one does.</returns>
    /// <inheritdoc cref="Run(Action, CancellationToken, SchedulerGroup?, string, int)"/>
    public static Task Run(
        Func<Task> body, CancellationToken cancellationToken = default, SchedulerGroup? group = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return cancellationToken.IsCancellationRequested
            ? Task.FromCanceled(cancellationToken)
            : (group ?? SchedulerGroup.Current).SpawnAwaiting(body, cancellationToken, OptionsOfTask(file, line)).Completion;
    }

    /// <summary>The same, for asynchronous code with a result.</summary>
    /// <inheritdoc cref="Run(Func{Task}, CancellationToken, SchedulerGroup?, string, int)"/>
    public static Task<T> Run<T>(
        Func<Task<T>> body, CancellationToken cancellationToken = default, SchedulerGroup? group = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return cancellationToken.IsCancellationRequested
            ? Task.FromCanceled<T>(cancellationToken)
            : (group ?? SchedulerGroup.Current).SpawnAwaiting(body, cancellationToken, OptionsOfTask(file, line)).CompletionOfT;
    }

    private static SpawnOptions OptionsOfTask(string file, int line) => new() { File = file, Line = line, KeepsExceptions = true };
}
