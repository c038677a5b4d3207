using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GreenThreads.Tests;

/// <summary>Operations on files by a ring.</summary>
public sealed unsafe class FileRingTests
{
    private const int O_RDWR = 2;

    [IoUringFact]
    public void What_is_written_is_read_again() => Run(() =>
    {
        string path = Path.GetTempFileName();
        try
        {
            Assert.True(RingOperations.TryOpen(path, O_RDWR, 0, out long descriptor));
            using var file = new SafeFileHandle((nint)descriptor, ownsHandle: true);
            Assert.Equal(5, Write(file, [1, 2, 3, 4, 5], 0));
            Assert.Equal(2, Write(file, [8, 9], 3));
            Assert.True(RingOperations.TrySync(file, withTimes: true, out long result));
            Assert.Equal(0, result);
            Assert.True(RingOperations.TrySync(file, withTimes: false, out result));
            Assert.Equal(0, result);
            byte[] buffer = new byte[10];
            Assert.Equal(5, Read(file, buffer, 0));
            Assert.Equal([1, 2, 3, 8, 9], buffer[..5]);
            Assert.Equal(0, Read(file, buffer, 5));
            Assert.Equal([1, 2, 3, 8, 9], File.ReadAllBytes(path));
        }
        finally
        {
            File.Delete(path);
        }
    });

    [IoUringFact]
    public void An_error_is_the_number_that_the_system_call_would_leave() => Run(() =>
    {
        Assert.True(RingOperations.TryOpen(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), 0, 0, out long result));
        Assert.Equal(-Errno.ENOENT, result);
        (SafeFileHandle reading, SafeFileHandle writing) = Pipe();
        using (reading)
        using (writing)
            Assert.Equal(-Errno.EBADF, Write(reading, [1], -1));
    });

    [IoUringFact]
    public void A_read_that_has_to_wait_parks_and_others_run_meanwhile() => Run(() =>
    {
        (SafeFileHandle reading, SafeFileHandle writing) = Pipe();
        using (reading)
        using (writing)
        {
            GreenThread reader = GreenThread.Spawn(() =>
            {
                byte[] buffer = new byte[10];
                Assert.Equal(2, Read(reading, buffer, -1));
                Assert.Equal([1, 2], buffer[..2]);
            });
            while (reader.State != GreenThreadState.Parked)
                GreenThread.Yield();
            Assert.Equal(2, Write(writing, [1, 2], -1));
            reader.Join();
        }
    });

    [IoUringFact]
    public void A_read_that_is_cancelled_ends_after_the_kernel_is_done_with_its_buffer() => Run(() =>
    {
        for (int i = 0; i < 200; i++)
        {
            (SafeFileHandle reading, SafeFileHandle writing) = Pipe();
            using (reading)
            using (writing)
            {
                byte[] buffer = new byte[1];
                bool isRead = false;
                GreenThread reader = GreenThread.Spawn(() => isRead = Read(reading, buffer, -1) == 1);
                while (i % 2 == 0 && reader.State != GreenThreadState.Parked)
                    GreenThread.Yield();
                if (i % 3 != 0)
                    reader.Cancel();
                // It may come before the cancellation or after; the byte is either read or there for the next.
                Assert.Equal(1, Write(writing, [7], -1));
                if (i % 3 == 0)
                    reader.Cancel();
                try
                {
                    reader.Join();
                }
                catch (GreenThreadCanceledException)
                {
                    // See isRead.
                }
                if (!isRead)
                {
                    Assert.Equal(0, buffer[0]);
                    Assert.Equal(1, Read(reading, buffer, -1));
                }
                Assert.Equal(7, buffer[0]);
            }
        }
    });

    [IoUringFact]
    public void Many_more_operations_than_the_ring_has_room_for_run_at_once() => Run(() =>
    {
        const int Count = 1500;
        (SafeFileHandle reading, SafeFileHandle writing) = Pipe();
        using (reading)
        using (writing)
        {
            int sum = 0;
            GreenThread[] readers = [.. Enumerable.Range(0, Count).Select(_ => GreenThread.Spawn(() =>
            {
                byte[] buffer = new byte[1];
                Assert.Equal(1, Read(reading, buffer, -1));
                Interlocked.Add(ref sum, buffer[0]);
            }))];
            byte[] one = [1];
            for (int i = 0; i < Count; i++)
                Assert.Equal(1, Write(writing, one, -1));
            foreach (GreenThread reader in readers)
                reader.Join();
            Assert.Equal(Count, sum);
        }
    });

    [IoUringFact]
    public void A_read_ends_although_the_scheduler_that_submitted_it_is_stuck() => Run(() =>
    {
        (SafeFileHandle reading, SafeFileHandle writing) = Pipe();
        using (reading)
        using (writing)
        using (var end = new ManualResetEventSlim())
        {
            GreenThread reader = GreenThread.Spawn(() =>
            {
                Assert.Equal(1, Read(reading, new byte[1], -1));
                end.Set();
            });
            while (reader.State != GreenThreadState.Parked)
                GreenThread.Yield();
            Task writer = OsThreads.Start(() =>
            {
                Thread.Sleep(20);
                byte one = 1;
                if (Interop.write(writing, &one, 1) != 1)
                    throw new SystemCallException("write", Marshal.GetLastPInvokeError());
            });
            GreenThread[] stuck = [.. Enumerable.Range(0, 2).Select(_ => GreenThread.Spawn(() => Green.BlockOsThread(end)))];
            foreach (GreenThread thread in stuck)
                thread.Join();
            reader.Join();
            writer.GetAwaiter().GetResult();
        }
    });

    [Fact]
    public void A_plain_thread_has_no_ring()
    {
        using var file = new SafeFileHandle(-1, ownsHandle: false);
        Assert.False(RingOperations.TrySync(file, withTimes: false, out _));
    }

    private static int Read(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        fixed (byte* start = buffer)
        {
            Assert.True(RingOperations.TryRead(file, start, buffer.Length, offset, out long result));
            return (int)result;
        }
    }

    private static int Write(SafeFileHandle file, ReadOnlySpan<byte> buffer, long offset)
    {
        fixed (byte* start = buffer)
        {
            Assert.True(RingOperations.TryWrite(file, start, buffer.Length, offset, out long result));
            return (int)result;
        }
    }

    private static (SafeFileHandle Reading, SafeFileHandle Writing) Pipe()
    {
        int* descriptors = stackalloc int[2];
        if (Interop.pipe2(descriptors, Interop.SOCK_CLOEXEC) < 0)
            throw new SystemCallException("pipe2", Marshal.GetLastPInvokeError());
        return (new SafeFileHandle(descriptors[0], ownsHandle: true), new SafeFileHandle(descriptors[1], ownsHandle: true));
    }

    private static void Run(Action body)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2, EventLoopEngine = EventLoopEngine.IoUring });
        group.Spawn(body).Completion.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();
    }
}
