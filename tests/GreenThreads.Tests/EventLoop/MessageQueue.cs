using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GreenThreads.Tests;

// docs/event-loop.md shows a part of this file, and a test compares the two.

/// <summary>A POSIX message queue (mq_overview(7)) as something that green threads wait for: an example of a source that the library does not have.</summary>
internal sealed unsafe partial class MessageQueue : IDisposable
{
    private const int O_RDWR = 2, O_CREAT = 0x40, O_EXCL = 0x80, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;
    private const int EAGAIN = 11, EINTR = 4;

    private readonly SafeFileHandle _queue;

    internal MessageQueue(string name, int capacity, int messageSize)
    {
        // mq_flags, mq_maxmsg, mq_msgsize, mq_curmsgs, and room that the kernel does not use.
        long* attributes = stackalloc long[8] { 0, capacity, messageSize, 0, 0, 0, 0, 0 };
        int descriptor = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK | O_CLOEXEC, 0x180, attributes);
        if (descriptor < 0)
            throw new SystemCallException("mq_open", Marshal.GetLastPInvokeError());
        _queue = new SafeFileHandle(descriptor, ownsHandle: true);
        _ = mq_unlink(name); // It lives as long as its descriptor.
    }

    // <example>
    /// <summary>Takes the oldest message. Parks a green thread until there is one; blocks a plain OS thread.</summary>
    public int Receive(Span<byte> buffer)
    {
        while (true)
        {
            fixed (byte* start = buffer)
            {
                nint length = mq_receive(_queue, start, (nuint)buffer.Length, out _);
                if (length >= 0)
                    return (int)length;
            }
            ThrowUnlessAgain("mq_receive", Marshal.GetLastPInvokeError());
            EventLoop.WaitReadable(_queue);
        }
    }

    /// <summary>Adds a message. Parks a green thread while the queue is full.</summary>
    public void Send(ReadOnlySpan<byte> message)
    {
        while (true)
        {
            fixed (byte* start = message)
            {
                if (mq_send(_queue, start, (nuint)message.Length, priority: 0) == 0)
                    return;
            }
            ThrowUnlessAgain("mq_send", Marshal.GetLastPInvokeError());
            EventLoop.WaitWritable(_queue);
        }
    }
    // </example>

    public void Dispose() => _queue.Dispose();

    private static void ThrowUnlessAgain(string call, int errno)
    {
        if (errno is not (EAGAIN or EINTR))
            throw new SystemCallException(call, errno);
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mq_open(string name, int flags, uint mode, long* attributes);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mq_unlink(string name);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint mq_receive(SafeHandle queue, byte* message, nuint length, out uint priority);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mq_send(SafeHandle queue, byte* message, nuint length, uint priority);
}
