using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace GreenThreads;

// What happens under the gate, which the caller has. Whom these methods name is to be woken once all gates are free. They throw nothing, save that
// TrySendLocked finds no memory for a buffer that must grow; nothing has happened then.
public sealed partial class GreenChannel<T>
{
    /// <summary>Takes an item, if one is there.</summary>
    /// <param name="item">The item.</param>
    /// <param name="toWake">Whom to wake, if anybody.</param>
    /// <param name="isCompleted">Whether there will never be one again. False if one was taken.</param>
    internal bool TryReceiveLocked([MaybeNullWhen(false)] out T item, out WaitNode? toWake, out bool isCompleted)
    {
        Gate.AssertHeld();
        isCompleted = false;
        if (_buffer.Count != 0)
        {
            item = _buffer.Take();
            if (TryTakeSender(out T? next, out toWake))
                _buffer.Add(next);
            else
                toWake = NoteRoomLocked();
            return true;
        }
        if (TryTakeSender(out item, out toWake))
            return true;
        isCompleted = _isCompleted;
        return false;
    }

    /// <summary>Hands an item to a receiver, or to the buffer.</summary>
    /// <param name="item">The item.</param>
    /// <param name="toWake">Whom to wake, if anybody.</param>
    /// <param name="isCompleted">Whether nothing can be sent any more. False if it was sent.</param>
    internal bool TrySendLocked(T item, out WaitNode? toWake, out bool isCompleted)
    {
        Gate.AssertHeld();
        isCompleted = _isCompleted;
        if (isCompleted)
        {
            toWake = null;
            return false;
        }
        if (TryGiveToReceiver(item, out toWake))
            return true;
        if (_buffer.Count >= Capacity)
            return false;
        _buffer.Add(item);
        toWake = NoteItemLocked();
        return true;
    }

    /// <summary>Lets a node wait for an item. <see cref="TryReceiveLocked"/> has found neither one nor the end.</summary>
    /// <returns>Whom to wake, if anybody.</returns>
    internal WaitNode? AddReceiverLocked(ChannelNode<T> node)
    {
        Gate.AssertHeld();
        _receivers.Add(node);
        return NoteRoomLocked();
    }

    /// <summary>Lets a node, with the item in it, wait for a receiver or for room. <see cref="TrySendLocked"/> has found neither one nor the end.</summary>
    /// <returns>Whom to wake, if anybody.</returns>
    internal WaitNode? AddSenderLocked(ChannelNode<T> node)
    {
        Gate.AssertHeld();
        _senders.Add(node);
        return NoteItemLocked();
    }

    /// <summary>Takes a node out that gives up, if it is still in.</summary>
    /// <returns>False if somebody else has taken it out.</returns>
    internal bool RemoveReceiverLocked(ChannelNode<T> node)
    {
        Gate.AssertHeld();
        if (!node.IsInList)
            return false;
        _receivers.Remove(node);
        return true;
    }

    /// <summary>Takes a node out that gives up, if it is still in.</summary>
    /// <returns>False if somebody else has taken it out.</returns>
    internal bool RemoveSenderLocked(ChannelNode<T> node)
    {
        Gate.AssertHeld();
        if (!node.IsInList)
            return false;
        _senders.Remove(node);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryTakeSender([MaybeNullWhen(false)] out T item, out WaitNode? toWake)
    {
        while (_senders.First is { } first)
        {
            ChannelNode<T> node = Unsafe.As<ChannelNode<T>>(first);
            if (node.TryClaim())
            {
                item = node.Item!;
                toWake = node.WakeTarget;
                _senders.Remove(node);
                return true;
            }
            _senders.Remove(node);
        }
        item = default;
        toWake = null;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryGiveToReceiver(T item, out WaitNode? toWake)
    {
        while (_receivers.First is { } first)
        {
            ChannelNode<T> node = Unsafe.As<ChannelNode<T>>(first);
            if (node.TryClaim())
            {
                node.Item = item;
                toWake = node.WakeTarget;
                _receivers.Remove(node);
                return true;
            }
            _receivers.Remove(node);
        }
        toWake = null;
        return false;
    }

    private ChannelNode<T> TakeSpareLocked(ref ChannelNode<T>? spare, Waiter waiter)
    {
        if (spare is not { } node)
            return new ChannelNode<T>(waiter);
        spare = null;
        // Usually the same again; the compare saves the collector's write barrier.
        if (!ReferenceEquals(node.WakeTarget, waiter))
            node.WakeTarget = waiter;
        return node;
    }

    // By the waiter that is done with it, without the gate.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PutBack(ref ChannelNode<T>? spare, ChannelNode<T> node)
    {
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
            node.Item = default;
        node.IsCompleted = false;
        Volatile.Write(ref spare, node); // Release: whoever takes it finds it clean.
    }
}
