using System.Runtime.InteropServices;

#pragma warning disable CS8981 // Lower-case type names: native names keep native spelling.

namespace GreenThreads;

internal static partial class Interop
{
    internal const uint EPOLLIN = 0x001;
    internal const uint EPOLLOUT = 0x004;
    internal const uint EPOLLERR = 0x008;
    internal const uint EPOLLHUP = 0x010;
    internal const uint EPOLLRDHUP = 0x2000;
    internal const uint EPOLLET = 0x80000000;

    internal const int EPOLL_CTL_ADD = 1;
    internal const int EPOLL_CTL_DEL = 2;
    internal const int EPOLL_CTL_MOD = 3;

    internal const int EPOLL_CLOEXEC = 0x80000;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_create1(int flags);

    // No SuppressGCTransition: the kernel takes the mutex of the epoll set here.
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int epoll_ctl(SafeHandle epfd, int op, int fd, epoll_event* @event);

    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int epoll_wait(SafeHandle epfd, byte* events, int maxevents, int timeout);

    /// <summary>Since Linux 5.11 and glibc 2.35; otherwise ENOSYS or <see cref="EntryPointNotFoundException"/>.</summary>
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int epoll_pwait2(SafeHandle epfd, byte* events, int maxevents, timespec* timeout, void* sigmask);

    // The layout differs by CPU: on x64 the struct is packed (12 bytes, data at 4), elsewhere it is not (16 bytes, data at 8). The struct is
    // the union of both, so an array of events is a byte buffer that is walked in steps of Size, never an array of this type.
    [StructLayout(LayoutKind.Explicit, Size = MaximumSize)]
    internal struct epoll_event
    {
        internal const int MaximumSize = 16;

        [FieldOffset(0)]
        internal uint events;

        [FieldOffset(4)]
        private ulong _dataWhenPacked;

        [FieldOffset(8)]
        private ulong _dataWhenAligned;

        internal static int Size => IsPacked ? 12 : MaximumSize;

        internal ulong data
        {
            readonly get => IsPacked ? _dataWhenPacked : _dataWhenAligned;
            set
            {
                if (IsPacked)
                    _dataWhenPacked = value;
                else
                    _dataWhenAligned = value;
            }
        }

        private static bool IsPacked => RuntimeInformation.ProcessArchitecture == Architecture.X64;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct timespec
    {
        internal long tv_sec;
        internal long tv_nsec;

        internal timespec(TimeSpan time)
        {
            tv_sec = time.Ticks / TimeSpan.TicksPerSecond;
            tv_nsec = time.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick;
        }

        /// <summary>Rounded up.</summary>
        internal readonly TimeSpan ToTimeSpan() =>
            new(tv_sec * TimeSpan.TicksPerSecond + (tv_nsec + TimeSpan.NanosecondsPerTick - 1) / TimeSpan.NanosecondsPerTick);
    }
}
