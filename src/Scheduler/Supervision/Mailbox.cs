using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace GreenThreads;

// A queue under a gate. Waiters are woken to look, nothing is handed to them (unlike GreenChannel): whether a message suits a receiver with a condition is
// known only to the condition, a user's code, which cannot run under the gate or in the sender. Most mailboxes have one receiver, for whom it is the same.
//
// Protocol: each message wakes the first receiver that takes any, and all that have conditions; each place that becomes free in a full mailbox wakes the first sender. Who
// leaves a list looks once more before it gives up (ParkUntilGranted says so), so a wake-up is never spent on somebody who goes away.

/// <summary>
/// A queue of messages, usually with one receiver, that may be received out of their order (<see cref="Receive(Predicate{T}, CancellationToken)"/>), as in Erlang. Unbounded unless it was
/// given a capacity. All members may be used from green threads and OS threads; what parks a green thread blocks an OS thread. Operations that need not wait may yield now and
/// then. Every wait ends with <see cref="GreenThreadCanceledException"/> if the green thread is cancelled.
/// </summary>
/// <typeparam name="T">The type of the messages.</typeparam>
// Mailbox.cs           the queue, closing
// Mailbox.Send.cs      senders
// Mailbox.Receive.cs   receivers
public sealed partial class Mailbox<T> : GreenPrimitive
{
    // Objects kept for the next messages; beyond that they are left to the collector. A guess.
    private const int MaximumSpares = 32;

    // All of it is guarded by the gate.
    private MailboxMessage<T>? _first;
    private MailboxMessage<T>? _last;
    private MailboxMessage<T>? _spares;
    private int _spareCount;
    private int _count;
    private long _lastNumber;
    private bool _isClosed;
    private WaitList _receivers;
    private WaitList _choosers; // Receivers with a condition.
    private WaitList _senders;

    /// <summary>Makes one.</summary>
    /// <param name="capacity">How many messages it holds before senders have to wait.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is less than 1.</exception>
    public Mailbox(int capacity = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        Capacity = capacity;
    }

    private enum Outcome
    {
        Done,
        TimedOut,
        Closed,
    }

    /// <summary>How many messages it holds before senders have to wait; <see cref="int.MaxValue"/> if it is unbounded.</summary>
    public int Capacity { get; }

    /// <summary>How many messages lie in it at this moment.</summary>
    public int Count
    {
        get
        {
            using (Gate.Enter())
                return _count;
        }
    }

    /// <summary>Whether it takes no further messages.</summary>
    public bool IsClosed
    {
        get
        {
            using (Gate.Enter())
                return _isClosed;
        }
    }

    /// <summary>
    /// From now on it takes no further messages. What lies in it can still be received; then receivers get <see cref="ChannelClosedException"/>, and so do senders that
    /// wait. Does not park.
    /// </summary>
    /// <returns>False if it was closed before.</returns>
    public bool Close() => Close(discard: false);

    private protected override int ListCount => 3;

    private protected override WaitList ListAt(int index) => index switch
    {
        0 => _receivers,
        1 => _choosers,
        _ => _senders,
    };

    /// <summary>Closes it, with or without what lies in it. Also under the gate of a green thread that ends.</summary>
    internal bool Close(bool discard)
    {
        bool isFirst;
        using (Gate.Enter())
        {
            isFirst = !_isClosed;
            _isClosed = true;
            if (discard)
                Discard();
            // Under the gate, as at the end of a green thread: once it is free, nobody who has left a list is still linked in it.
            _receivers.WakeAll();
            _choosers.WakeAll();
            _senders.WakeAll();
        }
        return isFirst;
    }

    /// <summary>Puts a message in whatever the capacity; drops it if the mailbox is closed. Runs under the gate of a green thread that ends: takes no more than the gate.</summary>
    internal void Deliver(MailboxMessage<T> message)
    {
        WaitNode? receiver;
        using (Gate.Enter())
        {
            if (_isClosed)
                return;
            receiver = Append(message);
        }
        receiver?.Wake();
    }

    /// <summary>Takes a message out again, unless it was received.</summary>
    internal void Withdraw(MailboxMessage<T> message)
    {
        WaitNode? sender = null;
        using (Gate.Enter())
        {
            if (_count != 0 && message.IsQueued)
                sender = Unlink(message);
        }
        sender?.Wake();
    }

    // Returns whom to wake when the gate is free. The choosers are woken here: there is one at most, as a rule.
    private WaitNode? Append(MailboxMessage<T> message)
    {
        message.Number = ++_lastNumber;
        message.Next = null;
        message.Previous = _last;
        if (_last is null)
            _first = message;
        else
            _last.Next = message;
        _last = message;
        message.IsQueued = true;
        _count++;
        _choosers.WakeAll();
        return _receivers.TakeFirst();
    }

    // Returns the sender to wake when the gate is free.
    private WaitNode? Unlink(MailboxMessage<T> message)
    {
        if (message.Previous is null)
            _first = message.Next;
        else
            message.Previous.Next = message.Next;
        if (message.Next is null)
            _last = message.Previous;
        else
            message.Next.Previous = message.Previous;
        message.Next = null;
        message.Previous = null;
        message.IsQueued = false;
        _count--;
        return _count < Capacity ? _senders.TakeFirst() : null;
    }

    // Not one by one under the gate: that they are out is seen by the count, which stays 0 from now on.
    private void Discard()
    {
        _first = null;
        _last = null;
        _spares = null;
        _count = 0;
        _spareCount = 0;
    }

    private MailboxMessage<T>? TakeSpare()
    {
        MailboxMessage<T>? spare = _spares;
        if (spare is not null)
        {
            _spares = spare.Next;
            _spareCount--;
        }
        return spare;
    }

    private void KeepSpare(MailboxMessage<T> message)
    {
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
            message.Value = default!;
        if (message.IsMadeByReceiver || _spareCount == MaximumSpares || _isClosed)
            return;
        message.Next = _spares;
        _spares = message;
        _spareCount++;
    }

    [DoesNotReturn]
    private void ThrowClosed() => throw new MailboxClosedException(this);
}
