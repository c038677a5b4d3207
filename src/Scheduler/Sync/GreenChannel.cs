using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace GreenThreads;

/// <summary>Creates channels.</summary>
public static class GreenChannel
{
    /// <summary>A channel that holds nothing: a sender waits until a receiver has its item, as with an unbuffered channel in Go.</summary>
    public static GreenChannel<T> Rendezvous<T>() => new(0);

    /// <summary>A channel that holds some items: a sender waits while it is full.</summary>
    /// <param name="capacity">How many items it holds; with 0 it is a rendezvous.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is negative.</exception>
    public static GreenChannel<T> Bounded<T>(int capacity) => new(capacity);

    /// <summary>A channel that holds as many items as memory does: a sender never waits.</summary>
    public static GreenChannel<T> Unbounded<T>() => new(int.MaxValue);

    /// <summary>
    /// A channel with what asynchronous code sends: its items are those of the reader, and it is completed with the reader. For a single read or two, the extension
    /// methods of <see cref="ChannelBlockingExtensions"/> are simpler.
    /// </summary>
    /// <remarks>
    /// The channel takes items out of the reader before somebody asks for them: as many as it holds, and one more. If it is completed from here it drops one of these,
    /// and leaves the rest of the reader alone.
    /// </remarks>
    /// <param name="reader">Where the items come from; nobody else should read from it, or each gets some of them.</param>
    /// <param name="capacity">How many items the channel holds.</param>
    /// <exception cref="ArgumentNullException">There is no reader.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is negative.</exception>
    public static GreenChannel<T> From<T>(ChannelReader<T> reader, int capacity = 0)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var channel = new GreenChannel<T>(capacity);
        ChannelWriter<T> writer = channel.AsWriter();
        _ = Task.Run(() => ForwardAsync(reader, writer));
        return channel;
    }

    [SuppressMessage("Design", "CA1031", Justification = "It goes to whoever receives.")]
    private static async Task ForwardAsync<T>(ChannelReader<T> reader, ChannelWriter<T> writer)
    {
        try
        {
            await foreach (T item in reader.ReadAllAsync().ConfigureAwait(false))
                await writer.WriteAsync(item).ConfigureAwait(false);
            writer.TryComplete();
        }
        catch (Exception error)
        {
            writer.TryComplete(error); // Does nothing if that is why the write failed.
        }
    }
}
