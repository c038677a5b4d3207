using System.Runtime.InteropServices;

#pragma warning disable CS8981 // Lower-case type names: native names keep native spelling.

namespace GreenThreads;

internal static partial class Interop
{
    internal const int CLOCK_REALTIME = 0;
    internal const int CLOCK_MONOTONIC = 1;

    internal const int TFD_NONBLOCK = 0x800;
    internal const int TFD_CLOEXEC = 0x80000;
    internal const int TFD_TIMER_ABSTIME = 1;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int timerfd_create(int clockid, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int timerfd_settime(SafeHandle fd, int flags, itimerspec* new_value, itimerspec* old_value);

    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int timerfd_gettime(SafeHandle fd, itimerspec* curr_value);

    [StructLayout(LayoutKind.Sequential)]
    internal struct itimerspec
    {
        internal timespec it_interval;
        internal timespec it_value;
    }
}
