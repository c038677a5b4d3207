using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary><see cref="EventLoop.WaitReadable(int)"/> and its siblings, for descriptors that are not ours.</summary>
public abstract partial class WaitContract : ThreadContract
{
    [Fact]
    public void A_descriptor_that_is_ready_returns_at_once() => Run(() =>
    {
        using var pair = new SocketPair();
        EventLoop.WaitWritable(NumberOf(pair.One));
        EventLoop.WaitWritable(pair.One);
        Assert.True(EventLoop.WaitWritable(pair.One, TimeSpan.Zero));
        Assert.False(EventLoop.WaitReadable(pair.One, TimeSpan.Zero));
        pair.Two.Send([1], Timeout.Infinite);
        Assert.True(EventLoop.WaitReadable(NumberOf(pair.One), TimeSpan.Zero));
        EventLoop.WaitReadable(pair.One);
    });

    [Fact]
    public void A_wait_ends_with_the_bytes_and_leaves_no_registration() => Run(() =>
    {
        using var pair = new SocketPair();
        int registered = EventLoopHost.Current.LoopOfCaller.InterestCount;
        for (int i = 0; i < 200; i++)
        {
            Task waiter = Start(() => EventLoop.WaitReadable(NumberOf(pair.One)));
            Task other = Start(() => EventLoop.WaitReadable(NumberOf(pair.One)));
            Yield();
            pair.Two.Send([1], Timeout.Infinite);
            Join(waiter, other);
            Assert.Equal(1, pair.One.Receive(new byte[8], Timeout.Infinite));
        }
        Assert.InRange(EventLoopHost.Current.LoopOfCaller.InterestCount, 0, registered);
    });

    [Fact]
    public void One_waits_to_read_while_another_waits_to_write() => Run(() =>
    {
        using var pair = new SocketPair();
        // Until the buffer is full.
        Assert.Throws<IOException>(() => pair.One.Send(new byte[16 << 20], timeout: 1));
        Task reader = Start(() => EventLoop.WaitReadable(NumberOf(pair.One)));
        Task writer = Start(() => EventLoop.WaitWritable(NumberOf(pair.One)));
        pair.Two.Send([1], Timeout.Infinite);
        Join(reader);
        Assert.False(writer.IsCompleted);
        byte[] drain = new byte[1 << 20];
        while (EventLoop.WaitReadable(pair.Two, TimeSpan.Zero))
            pair.Two.Receive(drain, Timeout.Infinite);
        Join(writer);
    });

    [Fact]
    public void A_wait_times_out_not_early() => Run(() =>
    {
        using var pair = new SocketPair();
        long start = Stopwatch.GetTimestamp();
        Assert.False(EventLoop.WaitReadable(NumberOf(pair.One), TimeSpan.FromMilliseconds(20)));
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(20));
        Assert.Throws<ArgumentOutOfRangeException>(() => EventLoop.WaitReadable(pair.One, TimeSpan.FromMilliseconds(-2)));
    });

    [Fact]
    public void A_regular_file_is_always_ready() => Run(() =>
    {
        string path = Path.GetTempFileName();
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        EventLoop.WaitReadable(file.SafeFileHandle);
        EventLoop.WaitWritable(file.SafeFileHandle);
    });

    [Fact]
    public void A_number_that_is_not_open_fails_with_EBADF_and_a_closed_handle_with_ObjectDisposedException() => Run(() =>
    {
        Assert.Equal(Errno.EBADF, Assert.Throws<SystemCallException>(() => EventLoop.WaitReadable(1_000_000)).Errno);
        Assert.Throws<ArgumentOutOfRangeException>(() => EventLoop.WaitReadable(-1));
        var pair = new SocketPair();
        pair.Dispose();
        Assert.Throws<ObjectDisposedException>(() => EventLoop.WaitReadable(pair.One));
        Assert.Throws<ArgumentNullException>(() => EventLoop.WaitReadable(null!));
    });

    [Fact]
    public void A_hang_up_ends_a_wait() => Run(() =>
    {
        using var pair = new SocketPair();
        Task waiter = Start(() => EventLoop.WaitReadable(NumberOf(pair.One)));
        Yield();
        pair.Two.Dispose();
        Join(waiter);
    });

    [Fact]
    public void A_wait_joins_one_of_our_own_sockets() => Run(() =>
    {
        using var connection = new Connection();
        connection.Server.Descriptor.MayUseRing = false;
        Task reader = Start(() => Assert.Equal(5, connection.Server.ReadByte()));
        WaitUntilSomebodyWaits(connection.Server.Descriptor, WaitDirection.Read);
        Task waiter = Start(() => EventLoop.WaitReadable(NumberOf(connection.Server.Descriptor)));
        WaitUntil(() => connection.Server.Descriptor.Interest.Users == 1);
        connection.Client.WriteByte(5);
        connection.Client.WriteByte(6);
        Join(reader, waiter);
        Assert.Equal(6, connection.Server.ReadByte());
        reader = Start(() => Assert.Equal(7, connection.Server.ReadByte()));
        WaitUntilSomebodyWaits(connection.Server.Descriptor, WaitDirection.Read);
        connection.Client.WriteByte(7);
        Join(reader);
    });

    [Fact]
    public void One_of_our_own_sockets_takes_over_where_somebody_waits_by_number() => Run(() =>
    {
        using var connection = new Connection();
        connection.Server.Descriptor.MayUseRing = false;
        EventLoop loop = EventLoopHost.Current.LoopOfCaller;
        int registered = loop.InterestCount;
        Task waiter = Start(() => EventLoop.WaitReadable(NumberOf(connection.Server.Descriptor)));
        WaitUntil(() => loop.InterestCount > registered);
        Task reader = Start(() => Assert.Equal(5, connection.Server.ReadByte()));
        WaitUntilSomebodyWaits(connection.Server.Descriptor, WaitDirection.Read);
        connection.Client.Write([5, 6]);
        Join(reader, waiter);
        Assert.Equal(6, connection.Server.ReadByte());
    });

    [Fact]
    public void A_number_that_was_closed_and_reused_during_a_wait_does_not_deafen_its_new_owner() => Run(() =>
    {
        using var pair = new SocketPair();
        int number = dup(NumberOf(pair.One));
        Task stale = Start(() => Assert.False(EventLoop.WaitReadable(number, TimeSpan.FromMilliseconds(50))));
        Yield();
        // The same number for another file, in one step.
        using var other = new SocketPair();
        using var reused = new SocketDescriptor(dup2(NumberOf(other.One), number), typeof(SocketPair));
        Task reader = Start(() => Assert.Equal(1, reused.Receive(new byte[1], Timeout.Infinite)));
        Join(stale);
        WaitUntilSomebodyWaits(reused, WaitDirection.Read);
        other.Two.Send([1], Timeout.Infinite);
        Join(reader);
    });

    private static int NumberOf(SafeHandle handle) => (int)handle.DangerousGetHandle();

    [LibraryImport("libc")]
    private static partial int dup(int fd);

    [LibraryImport("libc")]
    private static partial int dup2(int from, int to);
}
