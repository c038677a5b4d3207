using System.Runtime.InteropServices;

namespace GreenThreads;

// Waits for descriptors that are not ours. poll(2) is the try, and epoll is asked only when it says "not yet"; poll also answers for regular
// files and for numbers that are not open, as everybody expects from it.
public sealed partial class EventLoop
{
    /// <summary>
    /// Waits until a descriptor can be read without blocking: it has bytes, a connection, an end or an error. Parks the calling green thread; a
    /// plain OS thread blocks. A descriptor that poll(2) does not know, as a regular file, is always ready. The descriptor must stay open
    /// meanwhile; a number that another thread closes may never become ready.
    /// </summary>
    /// <param name="descriptor">An open descriptor of any kind; it should be non-blocking, since somebody else may read first.</param>
    /// <exception cref="SystemCallException">The descriptor is not open (EBADF), or cannot be registered.</exception>
    /// <exception cref="ObjectDisposedException">The descriptor is that of one of this library's sockets, which was disposed of meanwhile.</exception>
    public static void WaitReadable(int descriptor) => Wait(descriptor, WaitDirection.Read, Deadline.Never);

    /// <summary>The same with a limit.</summary>
    /// <param name="descriptor">An open descriptor of any kind.</param>
    /// <param name="timeout">How long to wait at most; zero only looks, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <returns>False when the time has passed, never before.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
    /// <exception cref="SystemCallException">The descriptor is not open (EBADF), or cannot be registered.</exception>
    /// <exception cref="ObjectDisposedException">The descriptor is that of one of this library's sockets, which was disposed of meanwhile.</exception>
    public static bool WaitReadable(int descriptor, TimeSpan timeout) => Wait(descriptor, WaitDirection.Read, Deadline.After(timeout));

    /// <summary>Waits as <see cref="WaitReadable(int)"/> does and keeps the handle open meanwhile. Parks.</summary>
    /// <param name="handle">The handle of a descriptor of any kind. Disposing of it does not end the wait; it is closed after it.</param>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    /// <exception cref="SystemCallException">The descriptor cannot be registered.</exception>
    public static void WaitReadable(SafeHandle handle) => Wait(handle, WaitDirection.Read, Deadline.Never);

    /// <summary>Waits as <see cref="WaitReadable(int, TimeSpan)"/> does and keeps the handle open meanwhile. Parks.</summary>
    /// <param name="handle">The handle of a descriptor of any kind. Disposing of it does not end the wait; it is closed after it.</param>
    /// <param name="timeout">How long to wait at most; zero only looks, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <returns>False when the time has passed, never before.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    /// <exception cref="SystemCallException">The descriptor cannot be registered.</exception>
    public static bool WaitReadable(SafeHandle handle, TimeSpan timeout) => Wait(handle, WaitDirection.Read, Deadline.After(timeout));

    /// <summary>
    /// Waits until a descriptor can be written without blocking, or writing would fail. Parks the calling green thread; a plain OS thread blocks.
    /// Otherwise as <see cref="WaitReadable(int)"/>.
    /// </summary>
    /// <param name="descriptor">An open descriptor of any kind; it should be non-blocking.</param>
    /// <exception cref="SystemCallException">The descriptor is not open (EBADF), or cannot be registered.</exception>
    /// <exception cref="ObjectDisposedException">The descriptor is that of one of this library's sockets, which was disposed of meanwhile.</exception>
    public static void WaitWritable(int descriptor) => Wait(descriptor, WaitDirection.Write, Deadline.Never);

    /// <summary>The same with a limit.</summary>
    /// <param name="descriptor">An open descriptor of any kind.</param>
    /// <param name="timeout">How long to wait at most; zero only looks, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <returns>False when the time has passed, never before.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
    /// <exception cref="SystemCallException">The descriptor is not open (EBADF), or cannot be registered.</exception>
    /// <exception cref="ObjectDisposedException">The descriptor is that of one of this library's sockets, which was disposed of meanwhile.</exception>
    public static bool WaitWritable(int descriptor, TimeSpan timeout) => Wait(descriptor, WaitDirection.Write, Deadline.After(timeout));

    /// <summary>Waits as <see cref="WaitWritable(int)"/> does and keeps the handle open meanwhile. Parks.</summary>
    /// <param name="handle">The handle of a descriptor of any kind. Disposing of it does not end the wait; it is closed after it.</param>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    /// <exception cref="SystemCallException">The descriptor cannot be registered.</exception>
    public static void WaitWritable(SafeHandle handle) => Wait(handle, WaitDirection.Write, Deadline.Never);

    /// <summary>Waits as <see cref="WaitWritable(int, TimeSpan)"/> does and keeps the handle open meanwhile. Parks.</summary>
    /// <param name="handle">The handle of a descriptor of any kind. Disposing of it does not end the wait; it is closed after it.</param>
    /// <param name="timeout">How long to wait at most; zero only looks, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <returns>False when the time has passed, never before.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    /// <exception cref="SystemCallException">The descriptor cannot be registered.</exception>
    public static bool WaitWritable(SafeHandle handle, TimeSpan timeout) => Wait(handle, WaitDirection.Write, Deadline.After(timeout));

    private static bool Wait(SafeHandle handle, WaitDirection direction, Deadline deadline)
    {
        ArgumentNullException.ThrowIfNull(handle);
        bool isHeld = false;
        try
        {
            handle.DangerousAddRef(ref isHeld);
            return Wait((int)handle.DangerousGetHandle(), direction, deadline);
        }
        finally
        {
            if (isHeld)
                handle.DangerousRelease();
        }
    }

    private static bool Wait(int descriptor, WaitDirection direction, Deadline deadline)
    {
        while (true)
        {
            Interest? owned = OwnedInterests.Find(descriptor);
            if (IsReady(descriptor, direction))
                return true;
            if (deadline.HasPassed)
                return false;
            EventLoop loop = EventLoopHost.Current.LoopOfCaller;
            bool? isBorrowed = loop.TryBorrow(descriptor, direction, spare: null, out Interest? interest, out int seen);
            if (isBorrowed is null)
                continue; // Its scheduler has ended in this moment; another has a loop too.
            if (isBorrowed == false)
                return true;
            WaitOutcome outcome;
            try
            {
                ThrowIfClosedMeanwhile(owned);
                outcome = interest!.Wait(direction, seen, Waiter.Current, deadline);
            }
            finally
            {
                loop.Return(interest!);
            }
            ObjectDisposedException.ThrowIf(outcome == WaitOutcome.Closed, typeof(FileDescriptor));
            // Ready or not, poll has the last word: the edge may be somebody else's, and something may have come with the deadline.
        }
    }

    /// <summary>To be called by who has just registered an interest of its own for a descriptor of ours; see <see cref="OwnedInterests"/>.</summary>
    /// <exception cref="ObjectDisposedException">The descriptor was closed, or is about to be.</exception>
    internal static void ThrowIfClosedMeanwhile(Interest? owned)
    {
        if (owned is null)
            return;
        Interlocked.MemoryBarrier(); // Pairs with the one in CloseGuestsOf.
        ObjectDisposedException.ThrowIf(owned.IsClosed, typeof(FileDescriptor));
    }

    internal static bool IsReady(int descriptor, WaitDirection direction) =>
        PollOnce(descriptor, direction == WaitDirection.Read ? Interop.POLLIN : Interop.POLLOUT) != 0;

    /// <summary>What poll(2) says of a descriptor of ours at this moment.</summary>
    internal static short PollOnce(FileDescriptor descriptor, short events)
    {
        bool isHeld = false;
        try
        {
            descriptor.DangerousAddRef(ref isHeld);
            return PollOnce((int)descriptor.DangerousGetHandle(), events);
        }
        finally
        {
            if (isHeld)
                descriptor.DangerousRelease();
        }
    }

    private static unsafe short PollOnce(int descriptor, short events)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(descriptor);
        var question = new Interop.pollfd { fd = descriptor, events = events };
        int count;
        int errno;
        do
        {
            // SAFETY: one pollfd on this stack, used by the kernel during the call only.
            count = Interop.poll(&question, 1, 0);
            errno = count < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (errno == Errno.EINTR);
        if (errno != 0)
            throw new SystemCallException("poll", errno);
        if ((question.revents & Interop.POLLNVAL) != 0)
            throw new SystemCallException("poll", Errno.EBADF);
        return count > 0 ? question.revents : (short)0;
    }
}
