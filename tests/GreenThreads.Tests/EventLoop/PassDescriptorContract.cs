using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GreenThreads.Tests;

/// <summary>Descriptors over a <see cref="GreenUnixStream"/>.</summary>
public abstract class PassDescriptorContract : ThreadContract
{
    [Fact]
    public void A_descriptor_arrives_and_is_the_same_open_file() => Run(() =>
    {
        (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
        using (one)
        using (other)
        using (var pipe = GreenPipe.Create())
        {
            SafeFileHandle? received = null;
            Task receiver = Start(() => received = other.ReceiveDescriptor());
            WaitUntilSomebodyWaits(other.Descriptor, WaitDirection.Read);
            one.SendDescriptor(pipe.Reader.Descriptor);
            Join(receiver);
            pipe.Writer.WriteByte(6);
            byte[] buffer = new byte[2];
            using (received)
                Assert.Equal(1, RandomAccessRead(received!, buffer));
            Assert.Equal(6, buffer[0]);
            Assert.Equal(1, CloseOnExec(other));
        }

        int CloseOnExec(GreenUnixStream stream)
        {
            one.SendDescriptor(stream.Descriptor);
            using SafeFileHandle handle = other.ReceiveDescriptor();
            return fcntl((int)handle.DangerousGetHandle(), 1 /* F_GETFD */, 0);
        }
    });

    [Fact]
    public void It_goes_with_its_bytes_and_plain_bytes_have_none() => Run(() =>
    {
        (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
        using (one)
        using (other)
        {
            one.Write([1, 2]);
            one.SendDescriptor(other.Descriptor, [3, 4]);
            one.Write([5]);
            byte[] buffer = new byte[2];
            Assert.Equal(2, other.ReceiveDescriptor(buffer, out SafeFileHandle? none));
            Assert.Null(none);
            Assert.Equal([1, 2], buffer);
            // A larger buffer does not reach beyond the bytes of the descriptor.
            byte[] larger = new byte[100];
            Assert.Equal(2, other.ReceiveDescriptor(larger, out SafeFileHandle? handle));
            Assert.NotNull(handle);
            handle.Dispose();
            Assert.Equal([3, 4], larger[..2]);
            Assert.Throws<InvalidDataException>(other.ReceiveDescriptor);
            Assert.Throws<ArgumentException>(() => one.SendDescriptor(other.Descriptor, []));
            Assert.Throws<ArgumentException>(() => other.ReceiveDescriptor([], out _));
            other.ReadTimeout = 1;
            Assert.IsType<TimeoutException>(Assert.Throws<IOException>(other.ReceiveDescriptor).InnerException);
            one.Dispose();
            Assert.Throws<EndOfStreamException>(other.ReceiveDescriptor);
        }
    });

    // The end of a pipe tells whether anybody still has the other end.
    [Fact]
    public void What_is_read_without_its_descriptor_or_beyond_the_first_is_closed() => Run(() =>
    {
        (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
        using (one)
        using (other)
        using (var pipe = GreenPipe.Create())
        {
            one.SendDescriptor(pipe.Writer.Descriptor);
            Assert.Equal(0, other.ReadByte());
            SendMany(one.Descriptor, pipe.Writer.Descriptor, count: 5);
            other.ReceiveDescriptor().Dispose();
            pipe.Writer.Dispose();
            Assert.Equal(-1, pipe.Reader.ReadByte());
        }
    });

    [Fact]
    public void Three_hundred_in_turn_are_all_received() => Run(() =>
    {
        (GreenUnixStream one, GreenUnixStream other) = GreenUnixStream.CreatePair();
        using (one)
        using (other)
        {
            for (int i = 0; i < 300; i++)
            {
                one.SendDescriptor(other.Descriptor);
                using SafeFileHandle handle = other.ReceiveDescriptor();
                Assert.False(handle.IsInvalid);
            }
        }
    });

    private static unsafe int RandomAccessRead(SafeFileHandle handle, byte[] buffer)
    {
        fixed (byte* start = buffer)
            return (int)Interop.read(handle, start, (nuint)buffer.Length);
    }

    private static unsafe void SendMany(SafeHandle socket, SafeHandle sent, int count)
    {
        byte* control = stackalloc byte[64];
        *(nuint*)control = (nuint)(16 + count * sizeof(int));
        ((int*)control)[2] = Interop.SOL_SOCKET;
        ((int*)control)[3] = Interop.SCM_RIGHTS;
        for (int i = 0; i < count; i++)
            ((int*)control)[4 + i] = (int)sent.DangerousGetHandle();
        byte data = 1;
        var part = new Interop.iovec { iov_base = &data, iov_len = 1 };
        var header = new Interop.msghdr { msg_iov = &part, msg_iovlen = 1, msg_control = control, msg_controllen = (nuint)(16 + count * sizeof(int)) };
        Assert.Equal(1, Interop.sendmsg(socket, &header, 0));
    }

    [DllImport("libc")]
    private static extern int fcntl(int fd, int cmd, int arg);
}

public sealed class GreenThreadPassDescriptorTests : PassDescriptorContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();
}

public sealed class OsThreadPassDescriptorTests : PassDescriptorContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
