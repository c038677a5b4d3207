using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace GreenThreads;

public sealed partial class Mailbox<T>
{
    /// <summary>Receives the oldest message; waits for one if there is none.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ChannelClosedException">The mailbox is closed and empty.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public T Receive(CancellationToken cancellationToken = default)
    {
        if (ReceiveCore(out T? message, Deadline.Never, cancellationToken) == Outcome.Closed)
            ThrowClosed();
        return message!;
    }

    /// <summary>Receives the oldest message that satisfies a condition; waits for one if there is none. All others stay, in their order.</summary>
    /// <param name="condition">Asked once for each message, in their order, outside of all locks. If it throws, so does this, and the message stays.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentNullException">There is no condition.</exception>
    /// <exception cref="ChannelClosedException">The mailbox is closed, and no message in it satisfies the condition.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public T Receive(Predicate<T> condition, CancellationToken cancellationToken = default)
    {
        if (ChooseCore(condition, out T? message, Deadline.Never, cancellationToken) == Outcome.Closed)
            ThrowClosed();
        return message!;
    }

    /// <summary>Receives the oldest message if there is one. Does not wait.</summary>
    /// <param name="message">The message.</param>
    /// <returns>False if there is none.</returns>
    public bool TryReceive([MaybeNullWhen(false)] out T message) => ReceiveCore(out message, default, default) == Outcome.Done;

    /// <summary>Receives the oldest message, and waits for a limited time if there is none.</summary>
    /// <param name="message">The message.</param>
    /// <param name="timeout">How long at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the time passed first, or the mailbox is closed and empty.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public bool TryReceive([MaybeNullWhen(false)] out T message, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        ReceiveCore(out message, Deadline.After(timeout), cancellationToken) == Outcome.Done;

    /// <summary>Receives the oldest message that satisfies a condition, if there is one. Does not wait.</summary>
    /// <param name="condition">As in <see cref="Receive(Predicate{T}, CancellationToken)"/>.</param>
    /// <param name="message">The message.</param>
    /// <returns>False if there is none.</returns>
    /// <exception cref="ArgumentNullException">There is no condition.</exception>
    public bool TryReceive(Predicate<T> condition, [MaybeNullWhen(false)] out T message) => ChooseCore(condition, out message, default, default) == Outcome.Done;

    /// <summary>Receives the oldest message that satisfies a condition, and waits for a limited time if there is none.</summary>
    /// <param name="condition">As in <see cref="Receive(Predicate{T}, CancellationToken)"/>.</param>
    /// <param name="message">The message.</param>
    /// <param name="timeout">How long at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the time passed first, or the mailbox is closed and has no such message.</returns>
    /// <exception cref="ArgumentNullException">There is no condition.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public bool TryReceive(Predicate<T> condition, [MaybeNullWhen(false)] out T message, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        ChooseCore(condition, out message, Deadline.After(timeout), cancellationToken) == Outcome.Done;

    /// <summary>For <c>foreach</c>: receives until the mailbox is closed and empty.</summary>
    public Enumerator GetEnumerator() => new(this);

    private Outcome ReceiveCore(out T? value, Deadline deadline, CancellationToken cancellationToken)
    {
        Waiter self = EnterAsWaiter();
        EventLoopHost.Current.SpendBudget(); // Before: it may throw, and a message would be lost.
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            bool mayWait = !deadline.HasPassed && !cancellationToken.IsCancellationRequested;
            MailboxMessage<T>? message;
            WaitNode? sender = null;
            value = default;
            using (Gate.Enter())
            {
                message = _first;
                if (message is not null)
                {
                    value = message.Value;
                    sender = Unlink(message);
                    KeepSpare(message);
                }
                else if (_isClosed)
                    return Outcome.Closed;
                else if (!mayWait)
                    break;
                else
                    _receivers.Add(self);
            }
            if (message is not null)
            {
                sender?.Wake();
                if (message.IsMadeByReceiver)
                    value = message.Make();
                return Outcome.Done;
            }
            ParkUntilGranted(ref _receivers, self, self, deadline, cancellationToken);
        }
        cancellationToken.ThrowIfCancellationRequested();
        return Outcome.TimedOut;
    }

    private Outcome ChooseCore(Predicate<T> condition, out T? value, Deadline deadline, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(condition);
        Waiter self = EnterAsWaiter();
        EventLoopHost.Current.SpendBudget();
        cancellationToken.ThrowIfCancellationRequested();
        MailboxMessage<T>? candidate = null;
        long seen = 0;
        while (true)
        {
            bool mayWait = !deadline.HasPassed && !cancellationToken.IsCancellationRequested;
            value = default;
            using (Gate.Enter())
            {
                candidate = FirstAfter(seen, candidate);
                if (candidate is not null)
                {
                    // The value is taken here: the object may be another message when the gate is free.
                    seen = candidate.Number;
                    value = candidate.Value;
                }
                else if (_isClosed)
                    return Outcome.Closed;
                else if (!mayWait)
                    break;
                else
                    _choosers.Add(self);
            }
            if (candidate is null)
            {
                ParkUntilGranted(ref _choosers, self, self, deadline, cancellationToken);
                continue;
            }
            if (candidate.IsMadeByReceiver)
                value = MakeOrDrop(candidate, seen);
            if (condition(value!) && TryTake(candidate, seen))
                return Outcome.Done;
        }
        cancellationToken.ThrowIfCancellationRequested();
        return Outcome.TimedOut;
    }

    // A message that cannot be made is gone, as in a plain receive: otherwise each further call would meet it again.
    private T MakeOrDrop(MailboxMessage<T> message, long number)
    {
        try
        {
            return message.Make();
        }
        catch
        {
            TryTake(message, number);
            throw;
        }
    }

    private MailboxMessage<T>? FirstAfter(long number, MailboxMessage<T>? last)
    {
        MailboxMessage<T>? message = last is { IsQueued: true } && last.Number == number ? last.Next : _first;
        while (message is not null && message.Number <= number)
            message = message.Next;
        return message;
    }

    // False if another receiver was faster.
    private bool TryTake(MailboxMessage<T> message, long number)
    {
        WaitNode? sender;
        using (Gate.Enter())
        {
            if (_count == 0 || !message.IsQueued || message.Number != number)
                return false;
            sender = Unlink(message);
            KeepSpare(message);
        }
        sender?.Wake();
        return true;
    }

    /// <summary>Receives one message after the other, until the mailbox is closed and empty.</summary>
    public struct Enumerator
    {
        private readonly Mailbox<T> _mailbox;
        private T? _current;

        internal Enumerator(Mailbox<T> mailbox) => _mailbox = mailbox;

        /// <summary>The message.</summary>
        public readonly T Current => _current!;

        /// <summary>Receives the next one. Parks.</summary>
        /// <returns>False if the mailbox is closed and empty.</returns>
        public bool MoveNext() => _mailbox.ReceiveCore(out _current, Deadline.Never, default) == Outcome.Done;
    }
}
