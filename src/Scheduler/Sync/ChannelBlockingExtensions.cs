using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace GreenThreads;

/// <summary>
/// Plain blocking reads and writes for the channels of <see cref="System.Threading.Channels"/>, with the names that <see cref="GreenChannel{T}"/> has. They park a green
/// thread, without a wait handle, and block a plain OS thread. Who gives up has neither read nor written.
/// </summary>
public static class ChannelBlockingExtensions
{
    /// <summary>Reads the next item, and waits for one. Parks.</summary>
    /// <param name="reader">The channel's reader.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The item.</returns>
    /// <exception cref="ChannelClosedException">The channel is completed and all items have been read; the error is inside, if it was completed with one.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled: nothing was read.</exception>
    public static T Receive<T>(this ChannelReader<T> reader, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        if (reader is GreenChannelReader<T> green)
            return green.Channel.Receive(cancellationToken);
        try
        {
            return TryReceive(reader, out T? item, Deadline.Never, cancellationToken) ? item : throw new ChannelClosedException();
        }
        catch (Exception error) when (IsEnd(error, reader.Completion, cancellationToken))
        {
            throw new ChannelClosedException(error);
        }
    }

    /// <summary>Reads the next item, waits for one, and gives up after a time. Parks.</summary>
    /// <param name="reader">The channel's reader.</param>
    /// <param name="item">The item.</param>
    /// <param name="timeout">How long to wait at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if nothing was read: the time is over, or the channel is completed and all items have been read.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled: nothing was read.</exception>
    public static bool TryReceive<T>(
        this ChannelReader<T> reader, [MaybeNullWhen(false)] out T item, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var deadline = Deadline.After(timeout);
        if (reader is GreenChannelReader<T> green)
            return green.Channel.TryReceive(out item, timeout, cancellationToken);
        try
        {
            return TryReceive(reader, out item, deadline, cancellationToken);
        }
        catch (Exception error) when (IsEnd(error, reader.Completion, cancellationToken))
        {
            item = default;
            return false;
        }
    }

    /// <summary>Reads until the channel is completed and empty. Each step parks until there is an item.</summary>
    /// <param name="reader">The channel's reader.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">A step: the token was cancelled.</exception>
    /// <exception cref="Exception">The last step: what the channel was completed with.</exception>
    public static IEnumerable<T> ReceiveAll<T>(this ChannelReader<T> reader, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return Enumerate(reader, cancellationToken);

        static IEnumerable<T> Enumerate(ChannelReader<T> reader, CancellationToken cancellationToken)
        {
            while (TryReceive(reader, out T? item, Deadline.Never, cancellationToken))
                yield return item;
        }
    }

    /// <summary>Writes an item, and waits for room. Parks.</summary>
    /// <param name="writer">The channel's writer.</param>
    /// <param name="item">The item.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ChannelClosedException">The channel was completed, before or meanwhile; the error is inside, if it was completed with one.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled: the item was not written.</exception>
    public static void Send<T>(this ChannelWriter<T> writer, T item, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (writer is GreenChannelWriter<T> green)
            green.Channel.Send(item, cancellationToken);
        else if (TrySend(writer, item, Deadline.Never, cancellationToken, out Exception? error) != true)
            throw error is null ? new ChannelClosedException() : new ChannelClosedException(error);
    }

    /// <summary>Writes an item, waits for room, and gives up after a time. Parks.</summary>
    /// <param name="writer">The channel's writer.</param>
    /// <param name="item">The item.</param>
    /// <param name="timeout">How long to wait at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the item was not written: the time is over, or the channel is completed.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled: the item was not written.</exception>
    public static bool TrySend<T>(this ChannelWriter<T> writer, T item, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var deadline = Deadline.After(timeout);
        return writer is GreenChannelWriter<T> green
            ? green.Channel.TrySend(item, timeout, cancellationToken)
            : TrySend(writer, item, deadline, cancellationToken, out _);
    }

    private static bool TryReceive<T>(ChannelReader<T> reader, [MaybeNullWhen(false)] out T item, Deadline deadline, CancellationToken cancellationToken)
    {
        EventLoopHost.Current.SpendBudget();
        cancellationToken.ThrowIfCancellationRequested();
        while (!reader.TryRead(out item))
        {
            if (!Wait(static (reader, token) => reader.WaitToReadAsync(token), reader, deadline, cancellationToken))
                return false;
        }
        return true;
    }

    // The error is what the channel was completed with, as far as the writer says.
    private static bool TrySend<T>(ChannelWriter<T> writer, T item, Deadline deadline, CancellationToken cancellationToken, out Exception? error)
    {
        EventLoopHost.Current.SpendBudget();
        cancellationToken.ThrowIfCancellationRequested();
        error = null;
        while (!writer.TryWrite(item))
        {
            try
            {
                if (!Wait(static (writer, token) => writer.WaitToWriteAsync(token), writer, deadline, cancellationToken))
                    return false;
            }
            catch (Exception exception) when (!IsOwn(exception, cancellationToken))
            {
                error = exception;
                return false;
            }
        }
        return true;
    }

    // The tokens go to the channel itself, so that nothing of a wait that is given up stays there.
    private static bool Wait<TEnd>(Func<TEnd, CancellationToken, ValueTask<bool>> wait, TEnd end, Deadline deadline, CancellationToken cancellationToken)
    {
        if (deadline.IsNever)
            return GreenThread.Await(wait(end, cancellationToken));
        if (deadline.HasPassed)
            return false;
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ValueTask<bool> ready = wait(end, giveUp.Token);
        Task<bool> task = ready.AsTask();
        try
        {
            return GreenThread.Await(task, deadline.Remaining, CancellationToken.None);
        }
        catch (TimeoutException) when (!task.IsFaulted)
        {
            return false;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken); // And not with the linked one.
        }
        finally
        {
            giveUp.Cancel();
        }
    }

    // Whether an exception of a wait to read is what the channel was completed with.
    private static bool IsEnd(Exception exception, Task completion, CancellationToken cancellationToken) =>
        exception is not ChannelClosedException && completion.IsCompleted && !IsOwn(exception, cancellationToken);

    private static bool IsOwn(Exception exception, CancellationToken cancellationToken) =>
        exception is GreenThreadCanceledException or ThreadInterruptedException
        || (exception is OperationCanceledException && cancellationToken.IsCancellationRequested);
}
