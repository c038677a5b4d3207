using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace GreenThreads;

public sealed partial class GreenChannel<T>
{
    private enum Outcome
    {
        Done,
        Completed,
        TimedOut,
    }

    /// <summary>Receives the oldest item, and waits for one. Parks.</summary>
    /// <returns>The item.</returns>
    /// <exception cref="ChannelClosedException">The channel is completed and all items have been received.</exception>
    public T Receive()
    {
        Waiter self = (Waiter?)Begin() ?? OsThreadWaiter.Current;
        if (!ReceiveOrWait(out T? item, self, out ChannelNode<T>? node, out bool isCompleted) && !isCompleted)
        {
            ParkUntilGranted(ref _receivers, node!, self);
            isCompleted = node!.IsCompleted;
            item = node.Item;
            PutBack(ref _spareReceiver, node);
        }
        if (isCompleted)
            ThrowClosed();
        return item!;
    }

    /// <summary>Receives the oldest item, and waits for one. Parks.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The item.</returns>
    /// <exception cref="ChannelClosedException">The channel is completed and all items have been received.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled: nothing was received.</exception>
    public T Receive(CancellationToken cancellationToken)
    {
        if (ReceiveCore(out T? item, Deadline.Never, cancellationToken) == Outcome.Completed)
            ThrowClosed();
        return item!;
    }

    /// <summary>Receives the oldest item, if one is there or a sender waits with one. Does not wait.</summary>
    /// <param name="item">The item.</param>
    /// <returns>False if there is none; that can change, unless the channel is completed (<see cref="IsCompleted"/>).</returns>
    public bool TryReceive([MaybeNullWhen(false)] out T item)
    {
        Begin();
        return ReceiveOrWait(out item, null, out _, out _);
    }

    /// <summary>
    /// Receives the oldest item, waits for one, and gives up after a time. Parks. With <see cref="Timeout.InfiniteTimeSpan"/> it tells the end of the channel from
    /// an item, without an exception.
    /// </summary>
    /// <param name="item">The item.</param>
    /// <param name="timeout">How long to wait at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if nothing was received: the time is over, or the channel is completed (<see cref="IsCompleted"/>) and all items have been received.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled: nothing was received.</exception>
    public bool TryReceive([MaybeNullWhen(false)] out T item, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        ReceiveCore(out item, Deadline.After(timeout), cancellationToken) == Outcome.Done;

    /// <summary>For <c>foreach</c>: receives until the channel is completed and empty.</summary>
    public Enumerator GetEnumerator() => new(this);

    private Outcome ReceiveCore([MaybeNull] out T item, Deadline deadline, CancellationToken cancellationToken)
    {
        Waiter self = (Waiter?)Begin() ?? OsThreadWaiter.Current;
        cancellationToken.ThrowIfCancellationRequested();
        bool isReceived = ReceiveOrWait(out item, self, out ChannelNode<T>? node, out bool isCompleted);
        if (!isReceived && !isCompleted)
        {
            isReceived = ParkUntilGranted(ref _receivers, node!, self, deadline, cancellationToken);
            if (isReceived && node!.IsCompleted)
            {
                isReceived = false;
                isCompleted = true;
            }
            item = isReceived ? node!.Item : default; // It may have one from before.
            PutBack(ref _spareReceiver, node!);
        }
        return OutcomeOf(isReceived, isCompleted, cancellationToken);
    }

    /// <summary>Receives an item, or lets a node wait for one.</summary>
    /// <param name="item">The item.</param>
    /// <param name="waiter">Who waits if there is none now; null if nobody does.</param>
    /// <param name="node">The node that waits; null if none does.</param>
    /// <param name="isCompleted">Whether there will never be one again.</param>
    /// <returns>Whether one was received.</returns>
    private bool ReceiveOrWait([MaybeNullWhen(false)] out T item, Waiter? waiter, out ChannelNode<T>? node, out bool isCompleted)
    {
        node = null;
        bool isReceived;
        WaitNode? toWake;
        Gate.EnterBare();
        try
        {
            isReceived = TryReceiveLocked(out item, out toWake, out isCompleted);
            if (!isReceived && !isCompleted && waiter is not null)
            {
                node = TakeSpareLocked(ref _spareReceiver, waiter);
                toWake = AddReceiverLocked(node);
            }
        }
        finally
        {
            Gate.Exit();
        }
        toWake?.Wake();
        return isReceived;
    }

    private static Outcome OutcomeOf(bool isDone, bool isCompleted, CancellationToken cancellationToken)
    {
        if (isDone)
            return Outcome.Done;
        if (isCompleted)
            return Outcome.Completed;
        cancellationToken.ThrowIfCancellationRequested();
        return Outcome.TimedOut;
    }

    /// <summary>Receives the items of a channel, one at a time.</summary>
    public struct Enumerator
    {
        private readonly GreenChannel<T> _channel;

        internal Enumerator(GreenChannel<T> channel) => _channel = channel;

        /// <summary>The item that was received last.</summary>
        public T Current { get; private set; } = default!;

        /// <summary>Receives the next item, and waits for it. Parks.</summary>
        /// <returns>False at the end: the channel was completed, and all items have been received.</returns>
        /// <exception cref="Exception">The same end, and what the channel was completed with.</exception>
        public bool MoveNext()
        {
            if (_channel.ReceiveCore(out T? item, Deadline.Never, default) == Outcome.Done)
            {
                Current = item!;
                return true;
            }
            Current = default!;
            _channel.ThrowError();
            return false;
        }
    }
}
