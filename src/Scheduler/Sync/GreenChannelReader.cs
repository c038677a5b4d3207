using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace GreenThreads;

/// <summary>The receiving end of a channel for asynchronous code.</summary>
internal sealed class GreenChannelReader<T>(GreenChannel<T> channel) : ChannelReader<T>
{
    public override Task Completion => channel.Completion;

    public override bool CanCount => true;

    public override int Count => channel.Count;

    internal GreenChannel<T> Channel => channel;

    public override bool TryRead([MaybeNullWhen(false)] out T item) => channel.TryReceive(out item);

    public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) => channel.WaitForItemAsync(cancellationToken);

    public override ValueTask<T> ReadAsync(CancellationToken cancellationToken = default) => channel.ReceiveAsync(cancellationToken);
}
