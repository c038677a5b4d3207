namespace GreenThreads;

/// <summary>The place of a select's case in a list of a channel: the channel's kind of node, which acts for the case.</summary>
internal sealed class SelectNode<T> : ChannelNode<T>
{
    private readonly SelectCase _owner;

    internal SelectNode(SelectCase owner)
    {
        _owner = owner;
        WakeTarget = owner;
    }

    internal override void Wake() => _owner.Wake();

    internal override bool TryClaim() => _owner.TryClaim();
}
