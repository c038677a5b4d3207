using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace GreenThreads;

// What asynchronous code waits for. Reads and writes have nodes of their own in the lists of receivers and senders (ChannelAsyncNode). Who only waits until a read
// or a write could succeed has none, since it takes nothing: it is told by a watch, and looks again.
public sealed partial class GreenChannel<T>
{
    // Whom an item to receive, or room for one, concerns beside those who wait in the lists; null if nobody. Guarded by the gate.
    private ChannelWatch? _itemWatch;
    private ChannelWatch? _roomWatch;

    private GreenChannelReader<T>? _reader;
    private GreenChannelWriter<T>? _writer;

    /// <summary>
    /// The receiving end for asynchronous code; always the same. Its reads take their turn among the receivers that wait. Continuations run on the thread pool or
    /// wherever they were awaited, never in who sends.
    /// </summary>
    public ChannelReader<T> AsReader()
    {
        NoteUnknownHolders();
        return _reader ?? Interlocked.CompareExchange(ref _reader, new GreenChannelReader<T>(this), null) ?? _reader;
    }

    /// <summary>
    /// The sending end for asynchronous code; always the same. Its writes take their turn among the senders that wait. Continuations run on the thread pool or
    /// wherever they were awaited, never in who receives.
    /// </summary>
    public ChannelWriter<T> AsWriter()
    {
        NoteUnknownHolders();
        return _writer ?? Interlocked.CompareExchange(ref _writer, new GreenChannelWriter<T>(this), null) ?? _writer;
    }

    /// <summary>Receives, and completes when it has.</summary>
    internal ValueTask<T> ReceiveAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<T>(cancellationToken);
        T? item;
        WaitNode? toWake;
        ChannelAsyncNode<T>? node = null;
        bool isCompleted;
        using (Gate.Enter())
        {
            if (!TryReceiveLocked(out item, out toWake, out isCompleted) && !isCompleted)
            {
                node = new ChannelAsyncNode<T>(this, isSender: false);
                toWake = AddReceiverLocked(node);
            }
        }
        toWake?.Wake();
        if (node is not null)
            return new ValueTask<T>(node.WaitAsync(cancellationToken));
        return isCompleted ? ValueTask.FromException<T>(CreateClosedException()) : new ValueTask<T>(item!);
    }

    /// <summary>Sends, and completes when a receiver or the buffer has the item.</summary>
    internal ValueTask SendAsync(T item, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        WaitNode? toWake;
        ChannelAsyncNode<T>? node = null;
        bool isCompleted;
        using (Gate.Enter())
        {
            if (!TrySendLocked(item, out toWake, out isCompleted) && !isCompleted)
            {
                node = new ChannelAsyncNode<T>(this, isSender: true) { Item = item };
                toWake = AddSenderLocked(node);
            }
        }
        toWake?.Wake();
        if (node is not null)
            return new ValueTask(node.WaitAsync(cancellationToken));
        return isCompleted ? ValueTask.FromException(CreateClosedException()) : ValueTask.CompletedTask;
    }

    /// <summary>Completes when something may be there to receive, or nothing ever will: false, or the error.</summary>
    internal ValueTask<bool> WaitForItemAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<bool>(cancellationToken);
        ChannelWatch watch;
        using (Gate.Enter())
        {
            if (_buffer.Count != 0 || !_senders.IsEmpty)
                return new ValueTask<bool>(true);
            if (_isCompleted)
                return EndOfWait();
            watch = _itemWatch ??= new ChannelWatch();
        }
        return LookAgainAsync(watch, isForItem: true, cancellationToken);
    }

    /// <summary>Completes when something may be sent, or nothing ever can: false, or the error.</summary>
    internal ValueTask<bool> WaitForRoomAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<bool>(cancellationToken);
        ChannelWatch watch;
        using (Gate.Enter())
        {
            if (_isCompleted)
                return EndOfWait();
            if (_buffer.Count < Capacity || !_receivers.IsEmpty)
                return new ValueTask<bool>(true);
            watch = _roomWatch ??= new ChannelWatch();
        }
        return LookAgainAsync(watch, isForItem: false, cancellationToken);
    }

    /// <summary>Takes a node out that gives up.</summary>
    /// <returns>False if somebody else has taken it out: it was served, or told of the completion.</returns>
    internal bool TryLeave(ChannelNode<T> node, bool isSender)
    {
        using (Gate.Enter())
            return isSender ? RemoveSenderLocked(node) : RemoveReceiverLocked(node);
    }

    private ValueTask<bool> EndOfWait() => _error is { } error ? ValueTask.FromException<bool>(error) : new ValueTask<bool>(false);

    private async ValueTask<bool> LookAgainAsync(ChannelWatch watch, bool isForItem, CancellationToken cancellationToken)
    {
        await watch.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        return await (isForItem ? WaitForItemAsync(cancellationToken) : WaitForRoomAsync(cancellationToken)).ConfigureAwait(false);
    }

    // An item was put into the buffer, or a sender waits with one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private WaitNode? NoteItemLocked() => _itemWatch is null ? null : Take(ref _itemWatch);

    // An item was taken out of the buffer, or a receiver waits for one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private WaitNode? NoteRoomLocked() => _isCompleted ? EndLocked() : _roomWatch is null ? null : Take(ref _roomWatch);

    private ChannelEnd? EndLocked()
    {
        if (_buffer.Count != 0 || _end is not { } end)
            return null;
        end.Error = _error;
        return end;
    }

    private void ReleaseWatchesLocked(List<WaitNode> toWake)
    {
        if (Take(ref _itemWatch) is { } item)
            toWake.Add(item);
        if (Take(ref _roomWatch) is { } room)
            toWake.Add(room);
    }

    private static ChannelWatch? Take(ref ChannelWatch? watch)
    {
        ChannelWatch? taken = watch;
        watch = null;
        return taken;
    }
}
