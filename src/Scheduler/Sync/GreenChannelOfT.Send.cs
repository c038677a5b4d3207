using System.Threading.Channels;

namespace GreenThreads;

public sealed partial class GreenChannel<T>
{
    /// <summary>Sends an item: returns once a receiver or the buffer has it. Parks.</summary>
    /// <param name="item">The item.</param>
    /// <exception cref="ChannelClosedException">The channel was completed, before or meanwhile: the item was not sent.</exception>
    public void Send(T item)
    {
        Waiter self = (Waiter?)Begin() ?? OsThreadWaiter.Current;
        if (!SendOrWait(item, self, out ChannelNode<T>? node, out bool isCompleted) && !isCompleted)
        {
            ParkUntilGranted(ref _senders, node!, self);
            isCompleted = node!.IsCompleted;
            PutBack(ref _spareSender, node);
        }
        if (isCompleted)
            ThrowClosed();
    }

    /// <summary>Sends an item: returns once a receiver or the buffer has it. Parks.</summary>
    /// <param name="item">The item.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ChannelClosedException">The channel was completed, before or meanwhile: the item was not sent.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled: the item was not sent.</exception>
    public void Send(T item, CancellationToken cancellationToken)
    {
        if (SendCore(item, Deadline.Never, cancellationToken) == Outcome.Completed)
            ThrowClosed();
    }

    /// <summary>Sends an item if a receiver waits for it or the buffer has room. Does not wait.</summary>
    /// <param name="item">The item.</param>
    /// <returns>False if it was not sent; that can change, unless the channel is completed (<see cref="IsCompleted"/>).</returns>
    public bool TrySend(T item)
    {
        Begin();
        return SendOrWait(item, null, out _, out _);
    }

    /// <summary>Sends an item, and gives up after a time. Parks.</summary>
    /// <param name="item">The item.</param>
    /// <param name="timeout">How long to wait at most; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the item was not sent: the time is over, or the channel is completed (<see cref="IsCompleted"/>).</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled: the item was not sent.</exception>
    public bool TrySend(T item, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        SendCore(item, Deadline.After(timeout), cancellationToken) == Outcome.Done;

    private Outcome SendCore(T item, Deadline deadline, CancellationToken cancellationToken)
    {
        Waiter self = (Waiter?)Begin() ?? OsThreadWaiter.Current;
        cancellationToken.ThrowIfCancellationRequested();
        bool isSent = SendOrWait(item, self, out ChannelNode<T>? node, out bool isCompleted);
        if (!isSent && !isCompleted)
        {
            isSent = ParkUntilGranted(ref _senders, node!, self, deadline, cancellationToken);
            if (isSent && node!.IsCompleted)
            {
                isSent = false;
                isCompleted = true;
            }
            PutBack(ref _spareSender, node!);
        }
        return OutcomeOf(isSent, isCompleted, cancellationToken);
    }

    /// <summary>Sends an item, or lets a node wait with it.</summary>
    /// <param name="item">The item.</param>
    /// <param name="waiter">Who waits if it cannot be sent now; null if nobody does.</param>
    /// <param name="node">The node that waits; null if none does.</param>
    /// <param name="isCompleted">Whether nothing can be sent any more.</param>
    /// <returns>Whether it was sent.</returns>
    private bool SendOrWait(T item, Waiter? waiter, out ChannelNode<T>? node, out bool isCompleted)
    {
        node = null;
        bool isSent;
        WaitNode? toWake;
        Gate.EnterBare();
        try
        {
            isSent = TrySendLocked(item, out toWake, out isCompleted);
            if (!isSent && !isCompleted && waiter is not null)
            {
                node = TakeSpareLocked(ref _spareSender, waiter);
                node.Item = item;
                toWake = AddSenderLocked(node);
            }
        }
        finally
        {
            Gate.Exit();
        }
        toWake?.Wake();
        return isSent;
    }
}
