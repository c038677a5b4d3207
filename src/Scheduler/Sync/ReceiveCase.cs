namespace GreenThreads;

/// <summary>
/// An item of a channel, or the channel's end. Created by <see cref="Select.Receive{T}"/>. What it holds is of the last select that has chosen it, until one does so
/// again.
/// </summary>
public sealed class ReceiveCase<T> : SelectCase
{
    private readonly SelectNode<T> _node;

    // Of the select that uses it; a counterpart leaves it in the node instead.
    private T? _item;
    private bool _isTaken;
    private bool _hasEnded;

    internal ReceiveCase(GreenChannel<T> channel)
    {
        ArgumentNullException.ThrowIfNull(channel);
        Channel = channel;
        _node = new SelectNode<T>(this);
    }

    /// <summary>Where it receives.</summary>
    public GreenChannel<T> Channel { get; }

    /// <summary>Whether there is an item. False before the case is chosen, and when it was chosen because the channel is completed and all items have been received.</summary>
    public bool HasValue { get; private set; }

    /// <summary>The item; the default of its type if there is none.</summary>
    public T Value { get; private set; } = default!;

    internal override GreenPrimitive Primitive => Channel;

    /// <summary>The channel, for people.</summary>
    public override string ToString() => $"receive from {Channel}";

    internal override bool TryTakeLocked(out WaitNode? toWake)
    {
        _isTaken = Channel.TryReceiveLocked(out _item, out toWake, out _hasEnded);
        return _isTaken || _hasEnded;
    }

    internal override WaitNode? AddLocked() => Channel.AddReceiverLocked(_node);

    internal override void RemoveLocked() => Channel.RemoveReceiverLocked(_node);

    internal override void Complete()
    {
        if (!_isTaken && !_hasEnded)
        {
            // Handed over while it waited.
            _hasEnded = _node.IsCompleted;
            _item = _node.Item;
            _node.IsCompleted = false;
            _node.Item = default;
        }
        HasValue = !_hasEnded;
        Value = _hasEnded ? default! : _item!;
        _item = default;
        _isTaken = false;
        _hasEnded = false;
    }
}
