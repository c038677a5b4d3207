using System.Threading.Channels;

namespace GreenThreads.Tests;

/// <summary>Blocking reads and writes of the framework's channels, and of the ends of ours.</summary>
public abstract class ChannelBlockingContract : ThreadContract
{
    public static TheoryData<string> Kinds { get; } = ["bounded", "unbounded", "green"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Items_are_received_in_order_to_the_end(string kind) => Run(() =>
    {
        (ChannelReader<int> reader, ChannelWriter<int> writer) = Create(kind);
        Task sender = Start(() =>
        {
            for (int i = 0; i < 100; i++)
                writer.Send(i);
            for (int i = 100; i < 200; i++)
                Assert.True(writer.TrySend(i, TimeLimit.Generous));
            writer.Complete();
        });
        for (int i = 0; i < 50; i++)
            Assert.Equal(i, reader.Receive());
        for (int i = 50; i < 100; i++)
        {
            Assert.True(reader.TryReceive(out int item, TimeLimit.Generous));
            Assert.Equal(i, item);
        }
        Assert.Equal(Enumerable.Range(100, 100), reader.ReceiveAll());
        Assert.Throws<ChannelClosedException>(() => reader.Receive());
        Assert.False(reader.TryReceive(out _, TimeLimit.Generous));
        Assert.Throws<ChannelClosedException>(() => writer.Send(1));
        Assert.False(writer.TrySend(1, TimeLimit.Generous));
        Join(sender);
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Who_gives_up_has_taken_nothing(string kind) => Run(() =>
    {
        (ChannelReader<int> reader, ChannelWriter<int> writer) = Create(kind);
        Assert.False(reader.TryReceive(out _, TimeSpan.Zero));
        Assert.False(reader.TryReceive(out _, TimeSpan.FromMilliseconds(1)));
        using var cancellation = new CancellationTokenSource();
        Task canceller = Start(cancellation.Cancel);
        Assert.Equal(cancellation.Token, Assert.ThrowsAny<OperationCanceledException>(() => reader.Receive(cancellation.Token)).CancellationToken);
        Assert.Equal(
            cancellation.Token,
            Assert.ThrowsAny<OperationCanceledException>(() => reader.TryReceive(out _, TimeLimit.Generous, cancellation.Token)).CancellationToken);
        Join(canceller);
        while (kind != "unbounded" && writer.TryWrite(0))
        {
        }
        if (kind != "unbounded")
        {
            Assert.False(writer.TrySend(1, TimeSpan.FromMilliseconds(1)));
            using var another = new CancellationTokenSource(TimeSpan.FromMilliseconds(1));
            Assert.ThrowsAny<OperationCanceledException>(() => writer.Send(1, another.Token));
        }
        while (reader.TryRead(out int item))
            Assert.Equal(0, item);
        writer.TryWrite(2);
        Assert.Equal(2, reader.Receive());
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.TryReceive(out _, TimeSpan.FromSeconds(-2)));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.TrySend(1, TimeSpan.FromSeconds(-2)));
        Assert.Throws<ArgumentNullException>(() => default(ChannelReader<int>)!.Receive());
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_error_of_a_completion_is_seen(string kind) => Run(() =>
    {
        (ChannelReader<int> reader, ChannelWriter<int> writer) = Create(kind);
        Task receiver = Start(() => Assert.IsType<FormatException>(Assert.Throws<ChannelClosedException>(() => reader.Receive()).InnerException));
        writer.Complete(new FormatException());
        Join(receiver);
        Assert.IsType<FormatException>(Assert.Throws<ChannelClosedException>(() => reader.Receive()).InnerException);
        Assert.False(reader.TryReceive(out _, TimeLimit.Generous));
        Assert.IsType<FormatException>(Assert.Throws<ChannelClosedException>(() => writer.Send(1)).InnerException);
        Assert.Throws<FormatException>(() => reader.ReceiveAll().Count());
    });

    private static (ChannelReader<int> Reader, ChannelWriter<int> Writer) Create(string kind)
    {
        if (kind == "green")
        {
            GreenChannel<int> green = GreenChannel.Bounded<int>(3);
            return (green.AsReader(), green.AsWriter());
        }
        Channel<int> channel = kind == "bounded" ? Channel.CreateBounded<int>(3) : Channel.CreateUnbounded<int>();
        return (channel.Reader, channel.Writer);
    }
}

public sealed class GreenThreadChannelBlockingTests : ChannelBlockingContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadChannelBlockingTests : ChannelBlockingContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
