using System.Runtime.CompilerServices;

namespace GreenThreads;

/// <summary>
/// Says in a mailbox that a green thread has ended. What it is for the receiver is made by the user's function there: a green thread that ends cannot run it.
/// </summary>
internal sealed class EndMessage<T>(GreenThread thread, Func<GreenThreadEnd, T> makeMessage) : MailboxMessage<T>
{
    // Made once also if several receivers look at it: the first one's counts.
    private StrongBox<T>? _made;

    internal GreenThread Thread => thread;

    internal override bool IsMadeByReceiver => true;

    internal override T Make()
    {
        if (_made is null)
            Interlocked.CompareExchange(ref _made, new StrongBox<T>(makeMessage(thread.TakeEnd())), null);
        return _made.Value!;
    }
}
