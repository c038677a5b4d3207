using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GreenThreads.Samples.Rabc;

/// <summary>An epoll set of the client's own: what it looks after is one descriptor to whoever waits for it.</summary>
internal sealed partial class Epoll : SafeHandleMinusOneIsInvalid
{
    private const int EPOLL_CTL_ADD = 1;
    private const int EPOLL_CTL_MOD = 3;
    private const int EPOLL_CLOEXEC = 0x80000;
    private const uint EPOLLIN = 0x001;
    private const uint EPOLLOUT = 0x004;

    // struct epoll_event of x64, packed: the events, and 8 bytes that come back with them.
    private const int EventSize = 12;
    private const int MaximumEvents = 4;

    internal Epoll()
        : base(ownsHandle: true)
    {
        int descriptor = epoll_create1(EPOLL_CLOEXEC);
        if (descriptor < 0)
            throw new SystemCallException("epoll_create1", Marshal.GetLastPInvokeError());
        SetHandle(descriptor);
    }

    /// <summary>Looks after a descriptor from now on.</summary>
    internal void Add(SafeHandle handle, int key) => Control(EPOLL_CTL_ADD, handle, EPOLLIN, key);

    /// <summary>Looks also, or no more, for room to write.</summary>
    internal void WantWrite(SafeHandle handle, int key, bool wants) => Control(EPOLL_CTL_MOD, handle, EPOLLIN | (wants ? EPOLLOUT : 0), key);

    /// <summary>The keys of those that are ready now; does not wait.</summary>
    internal unsafe int TakeReady(Span<int> keys)
    {
        byte* events = stackalloc byte[EventSize * MaximumEvents];
        // SAFETY: the kernel writes at most that many events during the call.
        int count = epoll_wait(this, events, Math.Min(MaximumEvents, keys.Length), 0);
        for (int i = 0; i < count; i++)
            keys[i] = *(int*)(events + i * EventSize + sizeof(uint));
        return Math.Max(count, 0);
    }

    protected override bool ReleaseHandle() => close((int)handle) == 0;

    private unsafe void Control(int operation, SafeHandle target, uint events, int key)
    {
        byte* change = stackalloc byte[EventSize];
        *(uint*)change = events;
        *(long*)(change + sizeof(uint)) = key;
        // SAFETY: the kernel reads the event during the call.
        if (epoll_ctl(this, operation, target, change) < 0)
            throw new SystemCallException("epoll_ctl", Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int epoll_ctl(SafeHandle epfd, int op, SafeHandle fd, byte* change);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int epoll_wait(SafeHandle epfd, byte* events, int maxevents, int timeout);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int fd);
}
