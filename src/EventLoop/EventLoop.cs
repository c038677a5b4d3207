using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace GreenThreads;

// The generic event loop: an epoll set and an eventfd that interrupts a poll; beside them, if that engine was chosen, rings (EventLoop.Rings.cs).
//
// A poll returns who became ready; it wakes nobody and knows no scheduler. One loop belongs to one scheduler, which polls it when it has nothing
// else to do (Poll). While that scheduler is stuck, others may poll for it (PollOnBehalf): the events lie in a buffer on the poller's stack and
// readiness is counted under the interests' gates, so any number of threads may poll at once; an edge goes to one of them.
//
// Interrupt: the eventfd is registered edge-triggered and never read: each write is an edge. A flag keeps the writes down to one per poll:
//   interrupt:  if (exchange(flag, 1) == 0) write
//   poll:       event of the eventfd  ->  exchange(flag, 0)  ->  return
// Both exchanges are full fences, so whoever finds the flag set has published its work before the poller looks for work after its return.
// PollOnBehalf may swallow an interrupt that was meant for the owner; its caller repeats it if the owner sleeps by then. (Writing again at once would
// make the set readable for ever while the owner is stuck, and the monitor spin.)

/// <summary>
/// Waits for descriptors to become readable or writable, for those that are not one of this library's own types. The green thread that waits
/// parks and its scheduler runs others; a plain OS thread blocks.
/// </summary>
public sealed partial class EventLoop : IDisposable
{
    // Events taken by one system call: 2 KB of stack. A guess; what does not fit comes with the next poll.
    private const int BatchSize = 128;

    // Stands for the eventfd; no interest has this key, since no descriptor is -1.
    private const ulong InterruptKey = ulong.MaxValue;

    // Stands for the ring of file operations, likewise.
    private const ulong FileRingKey = ulong.MaxValue - 1;

    // Written once, from false to true, by whoever finds out; a stale read costs one more failing call.
    private static bool s_lacksPwait2;

    private readonly FileDescriptor _epoll;
    private readonly FileDescriptor _wakeUp;
    private int _isInterrupted;

    /// <summary>Creates a loop with an epoll set of its own.</summary>
    /// <param name="logger">Where warnings go.</param>
    /// <param name="engine">With rings beside it, if the kernel allows them.</param>
    /// <exception cref="SystemCallException">There is no descriptor left, or no memory.</exception>
    internal unsafe EventLoop(ILogger logger, EventLoopEngine engine = EventLoopEngine.Epoll)
    {
        Logger = logger;
        _epoll = FileDescriptor.From("epoll_create1", Interop.epoll_create1(Interop.EPOLL_CLOEXEC));
        try
        {
            _wakeUp = FileDescriptor.From("eventfd", Interop.eventfd(0, Interop.EFD_CLOEXEC | Interop.EFD_NONBLOCK));
            int errno = Control(Interop.EPOLL_CTL_ADD, (int)_wakeUp.DangerousGetHandle(), InterruptKey, Interop.EPOLLIN | Interop.EPOLLET);
            if (errno != 0)
                throw new SystemCallException("epoll_ctl", errno);

            // Tries the call here and not in the first poll, which may run where a logger must not: on the stack of a thread that parks.
            byte* events = stackalloc byte[BatchSize * Interop.epoll_event.MaximumSize];
            WaitForEvents(events, Deadline.At(0));
            if (s_lacksPwait2)
                Log.NoNanosecondPoll(logger);
            if (engine == EventLoopEngine.IoUring)
                CreateRings();
            OwnedInterests.Add(this);
        }
        catch
        {
            DisposeRings();
            _wakeUp?.Dispose();
            _epoll.Dispose();
            throw;
        }
    }

    internal ILogger Logger { get; }

    /// <summary>Whether polls must do with milliseconds; settable for tests.</summary>
    internal static bool LacksPwait2
    {
        get => s_lacksPwait2;
        set => s_lacksPwait2 = value;
    }

    /// <summary>
    /// Waits until somebody is ready, <see cref="Interrupt"/> was called since the last poll returned, or the deadline has passed, which one in
    /// the past does at once. Blocks the OS thread. Owner scheduler only.
    /// </summary>
    /// <param name="until">When to return at the latest; never earlier for this reason.</param>
    /// <param name="ready">Gets those who became ready; they have left their wait lists, and the caller owes each a <see cref="WaitNode.Wake"/>.</param>
    internal void Poll(Deadline until, List<WaitNode> ready)
    {
        int before = ready.Count;
        while (true)
        {
            bool isInterrupted = _ring is null ? PollOnce(until, ready) : PollRing(_ring, until, ready);
            if (isInterrupted)
                Interlocked.Exchange(ref _isInterrupted, 0); // Full fence: pairs with the one in Interrupt.
            if (isInterrupted || ready.Count != before || until.HasPassed)
                return;
        }
    }

    /// <summary>The same without waiting, for a loop whose owner is stuck. Any thread.</summary>
    /// <returns>True if it has swallowed an interrupt: the caller must repeat it if the owner polls, or is about to, by now.</returns>
    internal bool PollOnBehalf(List<WaitNode> ready)
    {
        _ring?.Rescue(ready);
        bool isInterrupted = PollOnce(Deadline.At(0), ready);
        if (isInterrupted)
            Interlocked.Exchange(ref _isInterrupted, 0); // Full fence: the caller looks at the owner after it.
        return isInterrupted;
    }

    /// <summary>Whether its descriptors are closed.</summary>
    internal bool IsDisposed => _epoll.IsClosed && _wakeUp.IsClosed;

    /// <summary>Readable, in the sense of poll(2), while there are events to be polled.</summary>
    internal int PollDescriptor => (int)_epoll.DangerousGetHandle();

    /// <summary>Makes the current or the next <see cref="Poll"/> return. Any thread; never blocks. Does nothing after Dispose.</summary>
    internal void Interrupt()
    {
        if (Interlocked.Exchange(ref _isInterrupted, 1) == 0) // Full fence: pairs with the one in Poll.
            WriteWakeUp();
    }

    /// <summary>
    /// Closes the epoll set. Whoever waits in it is woken and registers elsewhere when it waits again. Does not park. The owner calls it when no
    /// poll runs; threads that wait or dispose of sockets meanwhile do no harm.
    /// </summary>
    public void Dispose()
    {
        OwnedInterests.Remove(this);
        foreach (Interest interest in TakeInterests())
            interest.Detach();
        DisposeRings();
        _epoll.Dispose();
        _wakeUp.Dispose();
    }

    /// <summary>One system call, and the interests' share of its events.</summary>
    /// <returns>True if it saw an interrupt, which the caller must answer.</returns>
    [SkipLocalsInit]
    private unsafe bool PollOnce(Deadline until, List<WaitNode> ready)
    {
        byte* events = stackalloc byte[BatchSize * Interop.epoll_event.MaximumSize];
        int count = WaitForEvents(events, until);
        bool isInterrupted = false;
        for (int i = 0; i < count; i++)
        {
            // SAFETY: the kernel has filled in count <= BatchSize events of Size <= MaximumSize bytes; x64 and Arm64 read unaligned words.
            ref Interop.epoll_event one = ref *(Interop.epoll_event*)(events + i * Interop.epoll_event.Size);
            ulong key = one.data;
            if (key == InterruptKey)
                isInterrupted = true;
            else if (key == FileRingKey)
                _fileRing?.TakeCompletions(ready);
            else
                Find(key)?.OnEvents(key, one.events, ready);
        }
        return isInterrupted;
    }

    /// <summary>Returns how many events came; 0 when the deadline has passed, but also for a signal or a clock that rounds.</summary>
    private unsafe int WaitForEvents(byte* events, Deadline until)
    {
        long nanoseconds = until.RemainingNanoseconds;
        int count;
        if (!s_lacksPwait2)
        {
            var timeout = new Interop.timespec { tv_sec = nanoseconds / 1_000_000_000, tv_nsec = nanoseconds % 1_000_000_000 };
            try
            {
                // SAFETY: the buffer holds BatchSize events; the timeout lives until the call returns.
                count = Interop.epoll_pwait2(_epoll, events, BatchSize, until.IsNever ? null : &timeout, null);
                if (count >= 0)
                    return count;
                int errno = Marshal.GetLastPInvokeError();
                if (errno == Errno.EINTR)
                    return 0;
                // EPERM: what old sandboxes answer to a call that they do not know. If the set itself is refused, epoll_wait says so.
                if (errno is not (Errno.ENOSYS or Errno.EPERM))
                    throw new SystemCallException("epoll_pwait2", errno);
            }
            catch (EntryPointNotFoundException)
            {
                // glibc before 2.35.
            }
            s_lacksPwait2 = true;
        }
        // SAFETY: as above.
        count = Interop.epoll_wait(_epoll, events, BatchSize, MillisecondsOf(nanoseconds));
        if (count >= 0)
            return count;
        int error = Marshal.GetLastPInvokeError();
        return error == Errno.EINTR ? 0 : throw new SystemCallException("epoll_wait", error);
    }

    /// <summary>Rounded up, so that a poll never returns early; a longer wait than fits goes round the loop in <see cref="Poll"/>.</summary>
    private static int MillisecondsOf(long nanoseconds) => nanoseconds switch
    {
        long.MaxValue => -1,
        > int.MaxValue * 1_000_000L => int.MaxValue,
        _ => (int)((nanoseconds + 999_999) / 1_000_000),
    };

    private void WriteWakeUp()
    {
        try
        {
            // It cannot fail but for a full counter, which leaves an edge just as well.
            _ = Interop.eventfd_write(_wakeUp, 1);
        }
        catch (ObjectDisposedException)
        {
            // The loop was disposed of: there is no poll to interrupt.
        }
    }

    /// <summary>One epoll_ctl.</summary>
    /// <returns>0 or an error number.</returns>
    private unsafe int Control(int operation, int descriptor, ulong key, uint events)
    {
        var change = new Interop.epoll_event { events = events, data = key };
        try
        {
            // SAFETY: the kernel reads the event during the call only.
            return Interop.epoll_ctl(_epoll, operation, descriptor, &change) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        catch (ObjectDisposedException)
        {
            // Nobody disposed of the loop, it was collected together with this socket, and the epoll set was finalized first.
            return Errno.EBADF;
        }
    }
}
