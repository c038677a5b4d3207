namespace GreenThreads;

// The place of a sender or a receiver in the list of a channel.
//
//   counterpart   gate: TryClaim -> item in or out, or IsCompleted -> WakeTarget noted -> out of the list, which is the grant -> gate free -> WakeTarget.Wake
//   its waiter    sees itself outside (IsInList, or under the gate) and reads Item and IsCompleted; from then on the node is its own again
//
// So who is in the list is written by those only who have the gate, and whom to wake is noted before the grant: after it the node may serve somebody else already.
// A select derives from it: one of several places of one waiter, and TryClaim decides which one gets something. It may see itself claimed a moment before it
// is out of the list, and must wait for that.

/// <summary>A place in the list of senders or receivers of a channel.</summary>
internal class ChannelNode<T> : WaitNode
{
    /// <summary>What the sender gives, or what the receiver got. To be cleared by whoever waits.</summary>
    internal T? Item;

    /// <summary>Whom to wake: the waiter, or this, if it overrides <see cref="Wake"/>. Written before it is put into a list.</summary>
    internal WaitNode WakeTarget;

    /// <summary>Whether it left the list because the channel was completed: a receiver got nothing, and the item of a sender was not sent.</summary>
    internal bool IsCompleted;

    internal ChannelNode(Waiter waiter) => WakeTarget = waiter;

    /// <summary>For derived classes that are woken themselves.</summary>
    private protected ChannelNode() => WakeTarget = this;

    internal override WaitNode NodeForTools => WakeTarget;

    internal override void Wake()
    {
        if (!ReferenceEquals(WakeTarget, this))
            WakeTarget.Wake();
    }
}
