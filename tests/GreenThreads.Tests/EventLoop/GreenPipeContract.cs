namespace GreenThreads.Tests;

/// <summary><see cref="GreenPipe"/>.</summary>
public abstract class GreenPipeContract : ThreadContract
{
    [Fact]
    public void What_is_written_is_read_and_then_comes_the_end() => Run(() =>
    {
        using var pipe = GreenPipe.Create();
        Assert.True(pipe.Reader.CanRead && !pipe.Reader.CanWrite && pipe.Writer.CanWrite && !pipe.Writer.CanRead);
        Task reader = Start(() => Assert.Equal(3, pipe.Reader.Read(new byte[8])));
        WaitUntilSomebodyWaits(pipe.Reader.Descriptor, WaitDirection.Read);
        pipe.Writer.Write([1, 2, 3]);
        Join(reader);
        pipe.Writer.WriteByte(4);
        reader = Start(() =>
        {
            Assert.Equal(4, pipe.Reader.ReadByte());
            Assert.Equal(-1, pipe.Reader.ReadByte());
        });
        WaitUntilSomebodyWaits(pipe.Reader.Descriptor, WaitDirection.Read);
        pipe.Writer.Dispose();
        Join(reader);
        Assert.False(pipe.Writer.CanWrite);
    });

    [Fact]
    public void A_large_write_arrives_whole() => Run(() =>
    {
        using var pipe = GreenPipe.Create();
        byte[] sent = new byte[2 << 20];
        new Random(5).NextBytes(sent);
        Task writer = Start(() => pipe.Writer.Write(sent));
        WaitUntilSomebodyWaits(pipe.Writer.Descriptor, WaitDirection.Write);
        byte[] received = new byte[sent.Length];
        pipe.Reader.ReadExactly(received);
        Join(writer);
        Assert.True(received.AsSpan().SequenceEqual(sent));
        Task write = pipe.Writer.WriteAsync(sent).AsTask();
        Task read = pipe.Reader.ReadExactlyAsync(received).AsTask();
        Join(write, read);
        Assert.True(received.AsSpan().SequenceEqual(sent));
    });

    [Fact]
    public void A_broken_pipe_is_an_error_and_no_signal() => Run(() =>
    {
        using var pipe = GreenPipe.Create();
        Task writer = Start(() =>
        {
            SystemCallException failure = Assert.Throws<SystemCallException>(() => pipe.Writer.Write(new byte[1 << 20]));
            Assert.Equal(("write", Errno.EPIPE), (failure.Call, failure.Errno));
        });
        WaitUntilSomebodyWaits(pipe.Writer.Descriptor, WaitDirection.Write);
        pipe.Reader.Dispose();
        Join(writer);
        Assert.Equal(Errno.EPIPE, Assert.Throws<SystemCallException>(() => pipe.Writer.WriteByte(1)).Errno);
    });

    [Fact]
    public void Each_end_does_its_own_only() => Run(() =>
    {
        using var pipe = GreenPipe.Create();
        Assert.Throws<NotSupportedException>(() => pipe.Reader.WriteByte(1));
        Assert.Throws<NotSupportedException>(() => pipe.Writer.ReadByte());
        pipe.Reader.ReadTimeout = 5;
        Assert.IsType<TimeoutException>(Assert.Throws<IOException>(() => pipe.Reader.ReadByte()).InnerException);
        pipe.Writer.WriteTimeout = 5;
        Assert.IsType<TimeoutException>(Assert.Throws<IOException>(() => pipe.Writer.Write(new byte[1 << 20])).InnerException);
    });

    [Fact]
    public void An_empty_read_waits_for_bytes_and_takes_none() => Run(() =>
    {
        using var pipe = GreenPipe.Create();
        Task reader = Start(() => Assert.Equal(0, pipe.Reader.Read([])));
        WaitUntilSomebodyWaits(pipe.Reader.Descriptor, WaitDirection.Read);
        pipe.Writer.Write([]);
        pipe.Writer.WriteByte(5);
        Join(reader);
        Assert.Equal(5, pipe.Reader.ReadByte());
    });

    [Fact]
    public void Dispose_wakes_whoever_waits() => Run(() =>
    {
        var pipe = GreenPipe.Create();
        Task[] blocked =
        [
            Start(() => Assert.Throws<ObjectDisposedException>(() => pipe.Writer.Write(new byte[1 << 20]))),
        ];
        WaitUntilSomebodyWaits(pipe.Writer.Descriptor, WaitDirection.Write);
        pipe.Writer.Dispose();
        Join(blocked);
        using var other = GreenPipe.Create();
        blocked = [Start(() => Assert.Throws<ObjectDisposedException>(() => other.Reader.ReadByte())), Start(() => Assert.Throws<ObjectDisposedException>(() => other.Reader.Read([])))];
        WaitUntilSomebodyWaits(other.Reader.Descriptor, WaitDirection.Read);
        other.Dispose();
        Join(blocked);
        pipe.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pipe.Reader.ReadByte());
        Assert.Throws<ObjectDisposedException>(() => pipe.Reader.Read([]));
        Assert.Throws<ObjectDisposedException>(() => pipe.Reader.Capacity);
    });

    [Fact]
    public void Packets_keep_their_bounds() => Run(() =>
    {
        using var pipe = GreenPipe.Create(packets: true);
        Assert.True(pipe.Reader.IsPacketMode && pipe.Writer.IsPacketMode);
        pipe.Writer.Write([1, 2]);
        pipe.Writer.Write([]);
        pipe.Writer.Write([3]);
        pipe.Writer.Write(new byte[GreenPipe.MaximumPacketLength]);
        byte[] buffer = new byte[GreenPipe.MaximumPacketLength + 1];
        Assert.Equal(2, pipe.Reader.Read(buffer));
        Assert.Equal(1, pipe.Reader.Read(buffer));
        Assert.Equal(GreenPipe.MaximumPacketLength, pipe.Reader.Read(buffer));
        Assert.Throws<ArgumentException>(() => pipe.Writer.Write(buffer));
        pipe.Writer.Write([4]);
        Assert.Throws<ArgumentException>(() => pipe.Reader.ReadByte());
        Assert.Equal(1, pipe.Reader.Read(buffer));
        Assert.Equal(4, buffer[0]);
        using var ordinary = GreenPipe.Create();
        Assert.False(ordinary.Reader.IsPacketMode);
    });

    [Fact]
    public void Packets_wait_for_room_whole() => Run(() =>
    {
        const int Count = 500;
        using var pipe = GreenPipe.Create(packets: true);
        Task writer = Start(() =>
        {
            byte[] packet = new byte[GreenPipe.MaximumPacketLength];
            for (int i = 0; i < Count; i++)
            {
                packet[0] = (byte)i;
                pipe.Writer.Write(packet.AsSpan(0, 1 + i * 7));
            }
        });
        WaitUntilSomebodyWaits(pipe.Writer.Descriptor, WaitDirection.Write);
        byte[] buffer = new byte[GreenPipe.MaximumPacketLength];
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal(1 + i * 7, pipe.Reader.Read(buffer));
            Assert.Equal((byte)i, buffer[0]);
        }
        Join(writer);
    });

    [Fact]
    public void The_capacity_can_be_set() => Run(() =>
    {
        using var pipe = GreenPipe.Create();
        pipe.Writer.Capacity = 8192;
        Assert.Equal(8192, pipe.Reader.Capacity);
        Assert.Throws<ArgumentOutOfRangeException>(() => pipe.Writer.Capacity = 0);
    });

    [Fact]
    public void A_named_pipe_waits_for_both_ends() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        string path = directory.PathOf("fifo");
        GreenPipe.CreateFifo(path);
        Assert.Equal(Errno.EEXIST, Assert.Throws<SystemCallException>(() => GreenPipe.CreateFifo(path)).Errno);
        Assert.Throws<TimeoutException>(() => GreenPipe.OpenWriter(path, TimeSpan.FromMilliseconds(3)));
        GreenPipeStream? writer = null;
        Task opener = Start(() => writer = GreenPipe.OpenWriter(path));
        using GreenPipeStream reader = GreenPipe.OpenReader(path);
        Join(opener);
        Task read = Start(() =>
        {
            Assert.Equal(1, reader.ReadByte());
            Assert.Equal(-1, reader.ReadByte());
        });
        writer!.WriteByte(1);
        writer.Dispose();
        Join(read);
    });

    [Fact]
    public void The_first_read_of_a_named_pipe_waits_for_a_writer_and_another_may_come_later() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        string path = directory.PathOf("fifo");
        GreenPipe.CreateFifo(path);
        using GreenPipeStream reader = GreenPipe.OpenReader(path);
        for (int i = 0; i < 3; i++)
        {
            Task? read = i > 0 ? null : Start(() => Assert.Equal(7, reader.ReadByte()));
            if (i == 0)
                WaitUntilSomebodyWaits(reader.Descriptor, WaitDirection.Read);
            using (GreenPipeStream writer = GreenPipe.OpenWriter(path))
            {
                read ??= Start(() => Assert.Equal(7, reader.ReadByte()));
                writer.WriteByte(7);
                Join(read);
            }
            Assert.Equal(-1, reader.ReadByte());
        }
    });

    [Fact]
    public void What_is_no_named_pipe_is_refused() => Run(() =>
    {
        using var directory = new TemporaryDirectory();
        string path = directory.PathOf("file");
        SystemCallException failure = Assert.Throws<SystemCallException>(() => GreenPipe.OpenReader(path));
        Assert.Equal(Errno.ENOENT, failure.Errno);
        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
        File.WriteAllText(path, "x");
        Assert.Throws<InvalidDataException>(() => GreenPipe.OpenReader(path));
        Assert.Throws<InvalidDataException>(() => GreenPipe.OpenWriter(path));
    });
}

public sealed class GreenThreadPipeTests : GreenPipeContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadPipeTests : GreenPipeContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
