using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>A non-blocking descriptor that tells of events by read(2): a timerfd, an inotify.</summary>
internal sealed class EventDescriptor : PolledDescriptor
{
    internal EventDescriptor(int descriptor, Type owner)
        : base(descriptor, owner)
    {
    }

    /// <summary>Wraps what a system call returned.</summary>
    /// <exception cref="SystemCallException">It returned -1.</exception>
    internal static EventDescriptor From(string call, int result, Type owner) =>
        result < 0 ? throw new SystemCallException(call, Marshal.GetLastPInvokeError()) : new EventDescriptor(result, owner);

    /// <summary>One read, without waiting.</summary>
    /// <returns>0 or an error number; EAGAIN if there is no event.</returns>
    internal unsafe int Read(Span<byte> buffer, out int count)
    {
        while (true)
        {
            nint result;
            fixed (byte* start = buffer)
            {
                // SAFETY: the buffer is pinned during the call.
                result = Interop.read(this, start, (nuint)buffer.Length);
            }
            count = Math.Max((int)result, 0);
            int errno = result < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (errno != Errno.EINTR)
                return errno;
        }
    }
}
