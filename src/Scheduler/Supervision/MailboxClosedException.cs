using System.Threading.Channels;

namespace GreenThreads;

/// <summary>A mailbox is closed, and says which one.</summary>
internal sealed class MailboxClosedException(GreenPrimitive mailbox) : ChannelClosedException($"{mailbox} is closed")
{
    internal GreenPrimitive Mailbox => mailbox;
}
