namespace GreenThreads.Tests;

/// <summary><see cref="LengthPrefixedStream"/>.</summary>
public abstract class LengthPrefixedStreamContract : ThreadContract
{
    [Theory]
    [InlineData(LengthPrefix.UInt32BigEndian, new byte[] { 0, 0, 1, 2 })]
    [InlineData(LengthPrefix.UInt32LittleEndian, new byte[] { 2, 1, 0, 0 })]
    [InlineData(LengthPrefix.UInt16BigEndian, new byte[] { 1, 2 })]
    [InlineData(LengthPrefix.UInt16LittleEndian, new byte[] { 2, 1 })]
    public void The_length_stands_before_the_message(LengthPrefix prefix, byte[] expected) => Run(() =>
    {
        var bytes = new MemoryStream();
        var messages = new LengthPrefixedStream(bytes, prefix: prefix);
        messages.Write(new byte[0x102]);
        Assert.Equal(expected, bytes.ToArray()[..expected.Length]);
        Assert.Equal(expected.Length + 0x102, bytes.Length);
        bytes.Position = 0;
        Assert.True(messages.TryRead(out ReadOnlyMemory<byte> message));
        Assert.Equal(0x102, message.Length);
        Assert.False(messages.TryRead(out _));
    });

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5000)]
    public void Messages_come_whole_however_the_stream_cuts_them(int atOnce) => Run(() =>
    {
        var bytes = new MemoryStream();
        using var messages = new LengthPrefixedStream(new Choppy(bytes, atOnce), maximumLength: 100_000);
        var random = new Random(6);
        byte[][] sent = [.. Enumerable.Range(0, 40).Select(i => Random(random, i % 10 == 9 ? 50_000 : random.Next(300)))];
        for (int i = 0; i < sent.Length; i++)
        {
            if (i % 2 == 0)
                messages.Write(sent[i]);
            else
                Join(messages.WriteAsync(sent[i]).AsTask());
        }
        bytes.Position = 0;
        foreach (byte[] expected in sent)
        {
            Assert.True(messages.TryRead(out ReadOnlyMemory<byte> message));
            Assert.True(message.Span.SequenceEqual(expected));
        }
        Assert.False(messages.TryRead(out _));
        bytes.Position = 0;
        foreach (byte[] expected in sent)
        {
            Task<ReadOnlyMemory<byte>?> read = messages.ReadAsync().AsTask();
            Join(read);
            Assert.True(read.Result!.Value.Span.SequenceEqual(expected));
        }
    });

    [Fact]
    public void A_peer_that_announces_four_gigabytes_is_refused_and_one_that_announces_the_maximum_gets_no_memory_for_it() => Run(() =>
    {
        var announced = new MemoryStream([0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3]);
        using var refused = new LengthPrefixedStream(announced, maximumLength: 1 << 30);
        MessageTooLongException failure = Assert.Throws<MessageTooLongException>(() => refused.TryRead(out _));
        Assert.Equal((uint.MaxValue, 1 << 30), (failure.Length, failure.MaximumLength));
        Assert.Throws<MessageTooLongException>(() => refused.TryRead(out _));

        (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
        using var messages = new LengthPrefixedStream(other, maximumLength: 1 << 30);
        other.ReadTimeout = 1;
        one.Write([0x40, 0, 0, 0]);
        one.Write(new byte[10_000]);
        Assert.Throws<IOException>(() => messages.TryRead(out _));
        Assert.InRange(messages.BufferLength, 10_004, 50_000);
        one.Dispose();
        Assert.Throws<EndOfStreamException>(() => messages.TryRead(out _));
    });

    [Fact]
    public void A_message_over_the_maximum_is_not_written() => Run(() =>
    {
        var bytes = new MemoryStream();
        using var messages = new LengthPrefixedStream(bytes, maximumLength: 10);
        messages.Write(new byte[10]);
        Assert.Throws<ArgumentException>(() => messages.Write(new byte[11]));
        Task write = messages.WriteAsync(new byte[11]).AsTask();
        Assert.IsType<ArgumentException>(write.Exception?.InnerException);
        Assert.Equal(14, bytes.Length);
        using var shortest = new LengthPrefixedStream(bytes, prefix: LengthPrefix.UInt16BigEndian);
        Assert.Equal(65_535, shortest.MaximumLength);
        Assert.Throws<ArgumentOutOfRangeException>(() => new LengthPrefixedStream(bytes, maximumLength: int.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LengthPrefixedStream(bytes, prefix: (LengthPrefix)9));
    });

    [Fact]
    public void A_read_that_times_out_in_the_middle_loses_nothing() => Run(() =>
    {
        (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
        using var messages = new LengthPrefixedStream(other);
        other.ReadTimeout = 1;
        byte[] sent = [0, 0, 0, 3, 7, 8, 9];
        for (int i = 0; i < sent.Length - 1; i++)
        {
            one.WriteByte(sent[i]);
            Assert.IsType<TimeoutException>(Assert.Throws<IOException>(() => messages.TryRead(out _)).InnerException);
        }
        one.WriteByte(sent[^1]);
        Assert.True(messages.TryRead(out ReadOnlyMemory<byte> message));
        Assert.Equal(sent[4..], message.ToArray());
        one.Dispose();
    });

    [Fact]
    public void A_cancelled_asynchronous_read_loses_nothing() => Run(() =>
    {
        (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
        using var messages = new LengthPrefixedStream(other);
        one.Write([0, 0, 0]);
        using var cancellation = new CancellationTokenSource();
        Task<ReadOnlyMemory<byte>?> read = messages.ReadAsync(cancellation.Token).AsTask();
        WaitUntilSomebodyWaits(other.Descriptor, WaitDirection.Read);
        cancellation.Cancel();
        WaitUntil(() => read.IsCompleted);
        Assert.True(read.IsCanceled);
        one.Write([1, 5]);
        Assert.True(messages.TryRead(out ReadOnlyMemory<byte> message));
        Assert.Equal([5], message.ToArray());
        one.Dispose();
        read = messages.ReadAsync().AsTask();
        Join(read);
        Assert.Null(read.Result);
    });

    [Fact]
    public void A_peer_that_drips_meets_the_timeout_of_the_message_and_a_quiet_one_does_not() => Run(() =>
    {
        (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
        using var messages = new LengthPrefixedStream(other) { MessageTimeout = TimeSpan.FromMilliseconds(30) };
        Task reader = Start(() =>
        {
            IOException failure = Assert.Throws<IOException>(() => messages.TryRead(out _));
            messages.Dispose();
            Assert.IsType<TimeoutException>(failure.InnerException);
            Assert.Contains("30 ms", failure.Message, StringComparison.Ordinal);
        });
        WaitUntilSomebodyWaits(other.Descriptor, WaitDirection.Read);
        one.Write([0, 0x0F, 0, 0]);
        SystemCallException end = Assert.Throws<SystemCallException>(Drip);
        Assert.Contains(end.Errno, new[] { Errno.EPIPE, Errno.ECONNRESET });
        Join(reader);
        Assert.Equal(Timeout.Infinite, other.ReadTimeout);
        one.Dispose();

        void Drip()
        {
            while (true)
            {
                one.WriteByte(1);
                Yield();
            }
        }
    });

    [Fact]
    public void A_large_buffer_is_given_up_after_its_message() => Run(() =>
    {
        (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
        using var receiver = new LengthPrefixedStream(other);
        using var sender = new LengthPrefixedStream(one);
        Task writer = Start(() =>
        {
            sender.Write(new byte[500_000]);
            sender.Write([1]);
        });
        Assert.True(receiver.TryRead(out _));
        Assert.InRange(receiver.BufferLength, 500_000, 1_100_000);
        Assert.True(receiver.TryRead(out _));
        Join(writer);
        sender.Write([2]);
        Assert.True(receiver.TryRead(out _));
        Assert.InRange(receiver.BufferLength, 1, 10_000);
    });

    [Fact]
    public void Dispose_closes_the_stream_unless_it_is_to_stay() => Run(() =>
    {
        var bytes = new MemoryStream();
        new LengthPrefixedStream(bytes, leaveOpen: true).Dispose();
        Assert.True(bytes.CanRead);
        new LengthPrefixedStream(bytes).Dispose();
        Assert.False(bytes.CanRead);
    });

    private static byte[] Random(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private sealed class Choppy(Stream stream, int atOnce) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer) => stream.Read(buffer[..Math.Min(buffer.Length, atOnce)]);

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

        public override void Write(ReadOnlySpan<byte> buffer) => stream.Write(buffer);

        public override void Write(byte[] buffer, int offset, int count) => stream.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => stream.WriteAsync(buffer, cancellationToken);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}

public sealed class GreenThreadLengthPrefixedStreamTests : LengthPrefixedStreamContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadLengthPrefixedStreamTests : LengthPrefixedStreamContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
