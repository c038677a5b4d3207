namespace GreenThreads;

/// <summary>A message in a mailbox, and its place there. All of it is guarded by the mailbox's gate.</summary>
internal class MailboxMessage<T>
{
    internal T Value = default!;

    /// <summary>Messages are numbered as they come. Tells too whether an object is still the same message: they are used again.</summary>
    internal long Number;

    internal MailboxMessage<T>? Next;
    internal MailboxMessage<T>? Previous;

    internal bool IsQueued;

    /// <summary>Whether <see cref="Value"/> means nothing and <see cref="Make"/> gives it, outside of the gate. Such an object is used once.</summary>
    internal virtual bool IsMadeByReceiver => false;

    internal virtual T Make() => Value;
}
