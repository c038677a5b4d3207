namespace GreenThreads;

/// <summary>A message that the end of a green thread will put into a mailbox.</summary>
internal interface IEndNotice
{
    /// <summary>Takes it back, wherever it is, unless it was received.</summary>
    void Withdraw();
}

/// <summary>The place of such a message among the joiners.</summary>
internal sealed class EndNotice<T>(Mailbox<T> mailbox, EndMessage<T> message) : WaitNode, IEndNotice
{
    internal override void Wake() => mailbox.Deliver(message);

    public void Withdraw()
    {
        // False: it has ended, and has told everybody when the gate was free.
        if (!message.Thread.TryRemoveJoiner(this))
            mailbox.Withdraw(message);
    }
}
