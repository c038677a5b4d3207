using System.Threading.Channels;

namespace GreenThreads.Tests;

/// <summary>Channels between green threads and asynchronous code, in both directions.</summary>
public sealed class ChannelBridgeTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    public Task Async_code_reads_what_green_threads_send(int capacity) => Within(async () =>
    {
        var channel = new GreenChannel<int>(capacity);
        GreenThread sender = GreenThread.Spawn(() =>
        {
            for (int i = 0; i < 200; i++)
                channel.Send(i);
            channel.Complete();
        });
        int expected = 0;
        await foreach (int item in channel.AsReader().ReadAllAsync())
            Assert.Equal(expected++, item);
        Assert.Equal(200, expected);
        await channel.AsReader().Completion;
        await sender;
    });

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    public Task Green_threads_receive_what_async_code_writes(int capacity) => Within(async () =>
    {
        var channel = new GreenChannel<int>(capacity);
        GreenThread<int> receiver = GreenThread.Spawn(() =>
        {
            int count = 0;
            foreach (int item in channel)
                Assert.Equal(count++, item);
            return count;
        });
        ChannelWriter<int> writer = channel.AsWriter();
        for (int i = 0; i < 200; i++)
            await writer.WriteAsync(i);
        Assert.True(writer.TryComplete());
        Assert.Equal(200, await receiver);
    });

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public Task Async_code_talks_to_async_code(int capacity) => Within(async () =>
    {
        var channel = new GreenChannel<int>(capacity);
        Task writer = Task.Run(async () =>
        {
            for (int i = 0; i < 200; i++)
                await channel.AsWriter().WriteAsync(i);
            channel.AsWriter().Complete();
        });
        int expected = 0;
        await foreach (int item in channel.AsReader().ReadAllAsync())
            Assert.Equal(expected++, item);
        Assert.Equal(200, expected);
        await writer;
    });

    [Fact]
    public Task A_wait_to_write_ends_when_there_is_room() => Within(async () =>
    {
        GreenChannel<int> bounded = GreenChannel.Bounded<int>(1);
        ChannelWriter<int> writer = bounded.AsWriter();
        Assert.True(await writer.WaitToWriteAsync());
        Assert.True(writer.TryWrite(1));
        Assert.False(writer.TryWrite(2));
        Task<bool> wait = writer.WaitToWriteAsync().AsTask();
        Assert.False(wait.IsCompleted);
        Assert.True(bounded.TryReceive(out _));
        Assert.True(await wait);

        // A rendezvous has room while somebody waits for an item.
        GreenChannel<int> rendezvous = GreenChannel.Rendezvous<int>();
        wait = rendezvous.AsWriter().WaitToWriteAsync().AsTask();
        Assert.False(wait.IsCompleted);
        Task<int> read = rendezvous.AsReader().ReadAsync().AsTask();
        Assert.True(await wait);
        Assert.True(rendezvous.AsWriter().TryWrite(7));
        Assert.Equal(7, await read);
    });

    [Fact]
    public Task A_wait_to_read_ends_when_there_is_something_or_never_will_be() => Within(async () =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        ChannelReader<int> reader = channel.AsReader();
        Task<bool>[] waits = [reader.WaitToReadAsync().AsTask(), reader.WaitToReadAsync().AsTask()];
        Assert.All(waits, wait => Assert.False(wait.IsCompleted));
        ValueTask write = channel.AsWriter().WriteAsync(1);
        bool[] ready = await Task.WhenAll(waits);
        Assert.All(ready, Assert.True);
        Assert.True(reader.TryRead(out int item));
        Assert.Equal(1, item);
        await write;
        Task<bool> last = reader.WaitToReadAsync().AsTask();
        channel.Complete();
        Assert.False(await last);
        Assert.False(await reader.WaitToReadAsync());
        Assert.False(await channel.AsWriter().WaitToWriteAsync());
        Assert.False(channel.AsWriter().TryWrite(1));
        Assert.False(channel.AsWriter().TryComplete());
        await Assert.ThrowsAsync<ChannelClosedException>(() => reader.ReadAsync().AsTask());
        await Assert.ThrowsAsync<ChannelClosedException>(() => channel.AsWriter().WriteAsync(1).AsTask());
        await reader.Completion;
    });

    [Fact]
    public Task The_error_of_a_completion_reaches_both_ends() => Within(async () =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        var error = new FormatException("why");
        Task<int> read = channel.AsReader().ReadAsync().AsTask();
        Task<bool> wait = channel.AsReader().WaitToReadAsync().AsTask();
        channel.AsWriter().Complete(error);
        Assert.Same(error, (await Assert.ThrowsAsync<ChannelClosedException>(() => read)).InnerException);
        Assert.Same(error, await Assert.ThrowsAsync<FormatException>(() => wait));
        Assert.Same(error, await Assert.ThrowsAsync<FormatException>(() => channel.AsReader().Completion));
        Assert.Same(error, await Assert.ThrowsAsync<FormatException>(() => channel.AsWriter().WaitToWriteAsync().AsTask()));
    });

    [Fact]
    public Task A_write_that_waits_fails_with_the_completion() => Within(async () =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        Task write = channel.AsWriter().WriteAsync(1).AsTask();
        channel.Complete();
        await Assert.ThrowsAsync<ChannelClosedException>(() => write);
    });

    [Fact]
    public Task A_cancelled_read_or_write_takes_no_part() => Within(async () =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        using var cancellation = new CancellationTokenSource();
        Task[] reads =
        [
            channel.AsReader().ReadAsync(cancellation.Token).AsTask(),
            channel.AsReader().WaitToReadAsync(cancellation.Token).AsTask(),
            channel.AsWriter().WaitToWriteAsync(new CancellationToken(true)).AsTask(),
        ];
        Assert.Equal(1, channel.WaiterCount);
        cancellation.Cancel();
        foreach (Task read in reads)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        Assert.Equal(0, channel.WaiterCount);

        using var another = new CancellationTokenSource();
        Task write = channel.AsWriter().WriteAsync(1, another.Token).AsTask();
        Assert.Equal(1, channel.WaiterCount);
        another.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        Assert.False(channel.TryReceive(out _));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => channel.AsWriter().WriteAsync(1, another.Token).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => channel.AsReader().ReadAsync(another.Token).AsTask());
    });

    [Fact]
    public Task Continuations_run_on_no_green_thread() => Within(async () =>
    {
        GreenChannel<int> channel = GreenChannel.Rendezvous<int>();
        Task<GreenThread?> reader = ContinueAsync(channel.AsReader().ReadAsync());
        Task<GreenThread?> waiter = ContinueAsync(channel.AsReader().WaitToReadAsync());
        GreenThread sender = GreenThread.Spawn(() =>
        {
            channel.Send(1);
            channel.Send(2);
        });
        Assert.Null(await reader);
        Assert.Null(await waiter);
        Assert.Equal(2, channel.Receive());
        await sender;

        static async Task<GreenThread?> ContinueAsync<T>(ValueTask<T> task)
        {
            await task.ConfigureAwait(false);
            return GreenThread.Current;
        }
    });

    [Fact]
    public void The_ends_are_always_the_same_and_count()
    {
        GreenChannel<int> channel = GreenChannel.Unbounded<int>();
        Assert.Same(channel.AsReader(), channel.AsReader());
        Assert.Same(channel.AsWriter(), channel.AsWriter());
        channel.Send(1);
        Assert.True(channel.AsReader().CanCount);
        Assert.Equal(1, channel.AsReader().Count);
        Assert.Same(channel.Completion, channel.AsReader().Completion);
        Assert.True(channel.HasSeveralOutsideHolders);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public Task A_channel_can_be_fed_by_a_reader(int capacity) => Within(async () =>
    {
        Channel<int> source = Channel.CreateBounded<int>(2);
        GreenChannel<int> channel = GreenChannel.From(source.Reader, capacity);
        GreenThread<int> receiver = GreenThread.Spawn(() =>
        {
            int count = 0;
            foreach (int item in channel)
                Assert.Equal(count++, item);
            return count;
        });
        for (int i = 0; i < 100; i++)
            await source.Writer.WriteAsync(i);
        source.Writer.Complete();
        Assert.Equal(100, await receiver);
    });

    [Fact]
    public Task A_channel_that_is_fed_fails_with_the_reader() => Within(async () =>
    {
        Channel<int> source = Channel.CreateUnbounded<int>();
        source.Writer.TryWrite(1);
        source.Writer.Complete(new FormatException());
        GreenChannel<int> channel = GreenChannel.From(source.Reader);
        GreenThread receiver = GreenThread.Spawn(() =>
        {
            Assert.Equal(1, channel.Receive());
            Assert.IsType<FormatException>(Assert.Throws<ChannelClosedException>(() => channel.Receive()).InnerException);
        });
        await receiver;
        Assert.Throws<ArgumentNullException>(() => GreenChannel.From<int>(null!));
    });

    private static async Task Within(Func<Task> body) => await Task.Run(body).WaitAsync(TimeLimit.Generous);
}
