using System.Threading.Channels;

namespace GreenThreads;

public sealed partial class Mailbox<T>
{
    /// <summary>Sends a message. Waits only if the mailbox is full, which an unbounded one never is.</summary>
    /// <param name="message">The message.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ChannelClosedException">The mailbox is closed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first; nothing was sent.</exception>
    public void Send(T message, CancellationToken cancellationToken = default)
    {
        if (SendCore(message, Deadline.Never, cancellationToken) == Outcome.Closed)
            ThrowClosed();
    }

    /// <summary>Sends a message if that is possible at once. Does not wait.</summary>
    /// <param name="message">The message.</param>
    /// <returns>False if the mailbox is full or closed.</returns>
    public bool TrySend(T message) => SendCore(message, default, default) == Outcome.Done;

    /// <summary>Sends a message, and waits for a limited time if the mailbox is full.</summary>
    /// <param name="message">The message.</param>
    /// <param name="timeout">How long at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the mailbox is closed, or the time passed first.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first; nothing was sent.</exception>
    public bool TrySend(T message, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        SendCore(message, Deadline.After(timeout), cancellationToken) == Outcome.Done;

    private Outcome SendCore(T message, Deadline deadline, CancellationToken cancellationToken)
    {
        Waiter self = EnterAsWaiter();
        // Before: it may throw, and what was sent is sent. One that is cancelled may say so in its last words, as long as it need not wait.
        if (self is not GreenThread { IsCanceled: true })
            EventLoopHost.Current.SpendBudget();
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            if (TryPut(message, self, mayWait: !deadline.HasPassed && !cancellationToken.IsCancellationRequested) is { } outcome)
            {
                if (outcome == Outcome.TimedOut)
                    cancellationToken.ThrowIfCancellationRequested();
                return outcome;
            }
            ParkUntilGranted(ref _senders, self, self, deadline, cancellationToken);
        }
    }

    // Null if the caller has been put into the list of senders.
    private Outcome? TryPut(T value, Waiter self, bool mayWait)
    {
        // A collection may come in an allocation: not under the gate, if it can be helped.
        MailboxMessage<T>? made = null;
        while (true)
        {
            WaitNode? receiver;
            using (Gate.Enter())
            {
                if (_isClosed)
                    return Outcome.Closed;
                if (_count >= Capacity)
                {
                    if (!mayWait)
                        return Outcome.TimedOut;
                    _senders.Add(self);
                    return null;
                }
                made ??= TakeSpare();
                if (made is not null)
                    made.Value = value;
                receiver = made is null ? null : Append(made);
            }
            if (made is not null)
            {
                receiver?.Wake();
                return Outcome.Done;
            }
            made = new MailboxMessage<T>();
        }
    }
}
