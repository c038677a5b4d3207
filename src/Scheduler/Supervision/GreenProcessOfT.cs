using System.Diagnostics.CodeAnalysis;

namespace GreenThreads;

/// <summary>
/// A green thread with a mailbox: a process as Erlang has them, which shares nothing but messages. When it ends, however, its mailbox is closed and emptied. All members may
/// be used from any thread.
/// </summary>
/// <typeparam name="T">The type of the messages.</typeparam>
public sealed class GreenProcess<T>
{
    private volatile bool _isStopping;

    internal GreenProcess(Action<Mailbox<T>> body, int capacity, SchedulerGroup group, in SpawnOptions options)
    {
        Mailbox = new Mailbox<T>(capacity) { Name = options.Name };
        Thread = group.Spawn(() => Run(body), options);
        var end = new MailboxEnd(Mailbox);
        if (!Thread.TryAddJoiner(end))
            end.Wake();
    }

    /// <summary>Its green thread: to link, to monitor, to cancel.</summary>
    public GreenThread Thread { get; }

    /// <summary>Its mailbox, which others may let messages be put into, such as those of <see cref="GreenThread.Monitor{T}"/>.</summary>
    public Mailbox<T> Mailbox { get; }

    /// <summary>For people and tools; null if it was given none.</summary>
    public string? Name => Thread.Name;

    /// <summary>
    /// Sends it a message. If it has ended or is stopping, the message is dropped: whoever must know links or monitors, or asks (<see cref="Request"/>).
    /// Waits only if the mailbox has a capacity and is full.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled first; nothing was sent.</exception>
    public void Send(T message, CancellationToken cancellationToken = default) => Mailbox.TrySend(message, Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Sends it a message if that is possible at once. Does not wait.</summary>
    /// <param name="message">The message.</param>
    /// <returns>False if it has ended or is stopping, or the mailbox is full.</returns>
    public bool TrySend(T message) => Mailbox.TrySend(message);

    /// <summary>Sends it a message and waits for the answer. If the process ends meanwhile, says so at once. Parks a green thread; blocks a plain OS thread.</summary>
    /// <param name="makeMessage">Makes the message; what it is given belongs into it, for the process to answer with. An answer that comes too late is dropped.</param>
    /// <param name="timeout">How long to wait at most, for room in the mailbox and for the answer; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <typeparam name="TReply">The type of the answer.</typeparam>
    /// <returns>The answer.</returns>
    /// <exception cref="ArgumentNullException">There is no function.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="TimeoutException">The time passed first.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="GreenProcessEndedException">The process ended before it had answered, or it was stopping already; with what ended it as the cause.</exception>
    /// <exception cref="InvalidOperationException">The process asks itself.</exception>
    /// <exception cref="Exception">What the process answered with (<see cref="ReplyTo{T}.Fail"/>).</exception>
    public TReply Request<TReply>(Func<ReplyTo<TReply>, T> makeMessage, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(makeMessage);
        Deadline deadline = Deadline.After(timeout);
        Waiter self = Waiter.Current;
        if (ReferenceEquals(self, Thread))
            throw new InvalidOperationException("a process cannot ask itself: it would wait for its own answer");

        var reply = new ReplyTo<TReply>(self);
        // Among the joiners before the message is sent, so that an end is never missed.
        var end = new Waking(self);
        if (!Thread.TryAddJoiner(end))
            ThrowEnded();
        try
        {
            if (!Mailbox.TrySend(makeMessage(reply), deadline.Remaining, cancellationToken))
            {
                if (Mailbox.IsClosed)
                    ThrowEnded();
                ThrowTimeout();
            }
            WaitForReply(reply, self, deadline, cancellationToken);
        }
        finally
        {
            Thread.TryRemoveJoiner(end);
            reply.Abandon();
        }
        if (reply.HasReplied)
            return reply.Take();
        cancellationToken.ThrowIfCancellationRequested();
        if (Thread.State == GreenThreadState.Ended)
            ThrowEnded();
        ThrowTimeout();
        return default;
    }

    /// <summary>
    /// Asks it to end: its mailbox takes no further messages, and when it has received all that were sent, the next <c>Receive</c> ends it, which counts as
    /// a return; a <c>foreach</c> over the mailbox ends. Does not wait. (<see cref="GreenThread.Cancel()"/> ends it sooner.)
    /// </summary>
    public void Stop()
    {
        _isStopping = true;
        Mailbox.Close();
    }

    /// <summary>The same, waits for the end, and cancels it if that does not come in time. Parks a green thread; blocks a plain OS thread.</summary>
    /// <param name="timeout">How long to wait at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <returns>False if it was cancelled, and may not have ended yet.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="InvalidOperationException">The process waits for itself.</exception>
    public bool Stop(TimeSpan timeout)
    {
        Deadline deadline = Deadline.After(timeout);
        Stop();
        if (Thread.WaitForEnd(deadline))
            return true;
        Thread.Cancel();
        return false;
    }

    /// <inheritdoc cref="GreenThread.Join()"/>
    public void Join() => Thread.Join();

    /// <inheritdoc cref="GreenThread.Join(TimeSpan)"/>
    public bool Join(TimeSpan timeout) => Thread.Join(timeout);

    /// <inheritdoc/>
    public override string ToString() => $"process {Thread}";

    private void Run(Action<Mailbox<T>> body)
    {
        try
        {
            body(Mailbox);
        }
        catch (MailboxClosedException exception) when (_isStopping && exception.Mailbox == Mailbox)
        {
            // Stop, and all has been received.
        }
    }

    private void WaitForReply<TReply>(ReplyTo<TReply> reply, Waiter self, Deadline deadline, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static state => ((Waiter)state!).Wake(), self);
        self.WaitsForNothingElse = deadline.IsNever && !cancellationToken.CanBeCanceled;
        self.WaitsFor = Thread;
        try
        {
            while (!reply.HasReplied && Thread.State != GreenThreadState.Ended && !deadline.HasPassed && !cancellationToken.IsCancellationRequested)
                self.ParkCore(deadline);
        }
        finally
        {
            self.WaitsFor = null;
        }
    }

    [DoesNotReturn]
    private void ThrowEnded()
    {
        bool hasEnded = Thread.State == GreenThreadState.Ended;
        throw new GreenProcessEndedException(
            hasEnded ? $"{this} has ended and did not answer" : $"{this} is stopping and takes no more requests", hasEnded ? Thread.TakeEnd().Exception : null);
    }

    [DoesNotReturn]
    private void ThrowTimeout() => throw new TimeoutException($"{this} did not answer in time");

    /// <summary>Closes the mailbox at the end of the process, also if it has never begun.</summary>
    private sealed class MailboxEnd(Mailbox<T> mailbox) : WaitNode
    {
        internal override void Wake() => mailbox.Close(discard: true);
    }

    /// <summary>A further place of a waiter.</summary>
    private sealed class Waking(Waiter waiter) : WaitNode
    {
        internal override void Wake() => waiter.Wake();
    }
}
