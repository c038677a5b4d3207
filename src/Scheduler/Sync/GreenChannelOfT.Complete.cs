using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;

namespace GreenThreads;

// Completion: nothing more is sent, and what was sent is still received. Receivers wait only while there is nothing, so all who wait then have reached the end.
// Items of senders that wait then were not sent: nobody has accepted them, and their senders can still do something about it.
public sealed partial class GreenChannel<T>
{
    // What asks for the end; null if nobody did. Guarded by the gate.
    private ChannelEnd? _end;

    /// <summary>
    /// A task that completes when the channel was completed and all items have been received: with the error, if it was completed with one, and cancelled if that
    /// is an <see cref="OperationCanceledException"/>.
    /// </summary>
    public Task Completion
    {
        get
        {
            ChannelEnd end;
            bool isOver;
            using (Gate.Enter())
            {
                end = _end ??= new ChannelEnd();
                isOver = _isCompleted && _buffer.Count == 0;
                if (isOver)
                    end.Error = _error;
            }
            if (isOver)
                end.Wake();
            return end.Task;
        }
    }

    /// <summary>
    /// Says that nothing more will be sent. What was sent is still received, and then receivers find the end. Senders that wait get a
    /// <see cref="ChannelClosedException"/>. Does not park.
    /// </summary>
    /// <param name="error">Why, if it is a failure: receivers that find the end see it.</param>
    /// <exception cref="ChannelClosedException">It was completed before.</exception>
    public void Complete(Exception? error = null)
    {
        if (!TryComplete(error))
            ThrowClosed();
    }

    /// <summary>The same, where somebody else may have done it.</summary>
    /// <param name="error">Why, if it is a failure: receivers that find the end see it.</param>
    /// <returns>False if it was completed before.</returns>
    public bool TryComplete(Exception? error = null)
    {
        NoteCaller(GreenThread.Current);
        var toWake = new List<WaitNode>();
        using (Gate.Enter())
        {
            if (_isCompleted)
                return false;
            _error = error;
            _isCompleted = true;
            Release(ref _receivers, toWake);
            Release(ref _senders, toWake);
            if (_end is { } end && _buffer.Count == 0)
            {
                end.Error = error;
                toWake.Add(end);
            }
            ReleaseWatchesLocked(toWake);
        }
        foreach (WaitNode node in toWake)
            node.Wake();
        return true;
    }

    private static void Release(ref WaitList list, List<WaitNode> toWake)
    {
        while (list.First is { } first)
        {
            ChannelNode<T> node = Unsafe.As<ChannelNode<T>>(first);
            if (node.TryClaim())
            {
                node.IsCompleted = true;
                toWake.Add(node.WakeTarget);
            }
            list.Remove(node);
        }
    }

    /// <summary>What somebody gets who sends after the completion, or receives after the end.</summary>
    internal ChannelClosedException CreateClosedException() => _error is { } error ? new ChannelClosedException(error) : new ChannelClosedException();

    [DoesNotReturn]
    private void ThrowClosed() => throw CreateClosedException();

    private void ThrowError()
    {
        if (_error is { } error)
            ExceptionDispatchInfo.Throw(error);
    }
}
