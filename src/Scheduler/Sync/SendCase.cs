namespace GreenThreads;

/// <summary>
/// Room for an item, or a receiver for it. Created by <see cref="Select.Send{T}"/>. When it is chosen, the item was sent. A channel that is completed makes the
/// select throw.
/// </summary>
public sealed class SendCase<T> : SelectCase
{
    private readonly SelectNode<T> _node;

    // Of the select that uses it; a counterpart that completes the channel says so in the node instead.
    private bool _isCompleted;

    internal SendCase(GreenChannel<T> channel, T value)
    {
        ArgumentNullException.ThrowIfNull(channel);
        Channel = channel;
        Value = value;
        _node = new SelectNode<T>(this);
    }

    /// <summary>Where it sends.</summary>
    public GreenChannel<T> Channel { get; }

    /// <summary>What it sends. To be changed between selects only.</summary>
    public T Value { get; set; }

    internal override GreenPrimitive Primitive => Channel;

    /// <summary>The channel, for people.</summary>
    public override string ToString() => $"send to {Channel}";

    internal override bool TryTakeLocked(out WaitNode? toWake)
    {
        bool isSent = Channel.TrySendLocked(Value, out toWake, out _isCompleted);
        return isSent || _isCompleted;
    }

    internal override WaitNode? AddLocked()
    {
        _node.Item = Value;
        return Channel.AddSenderLocked(_node);
    }

    internal override void RemoveLocked()
    {
        Channel.RemoveSenderLocked(_node);
        _isCompleted = _node.IsCompleted;
        _node.IsCompleted = false;
        _node.Item = default;
    }

    internal override void Complete()
    {
        bool isCompleted = _isCompleted;
        _isCompleted = false;
        if (isCompleted)
            throw Channel.CreateClosedException();
    }
}
