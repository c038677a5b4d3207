using System.Threading.Channels;

namespace GreenThreads;

/// <summary>The sending end of a channel for asynchronous code.</summary>
internal sealed class GreenChannelWriter<T>(GreenChannel<T> channel) : ChannelWriter<T>
{
    internal GreenChannel<T> Channel => channel;

    public override bool TryWrite(T item) => channel.TrySend(item);

    public override bool TryComplete(Exception? error = null) => channel.TryComplete(error);

    public override ValueTask<bool> WaitToWriteAsync(CancellationToken cancellationToken = default) => channel.WaitForRoomAsync(cancellationToken);

    public override ValueTask WriteAsync(T item, CancellationToken cancellationToken = default) => channel.SendAsync(item, cancellationToken);
}
