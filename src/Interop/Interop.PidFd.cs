using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>pidfd_open(2), pidfd_send_signal(2), waitid(2) for a pidfd, and ioctl_pidfd(2).</summary>
internal static partial class Interop
{
    internal const int CLD_EXITED = 1;
    internal const int CLD_KILLED = 2;
    internal const int CLD_DUMPED = 3;

    private const int SYS_pidfd_send_signal = 424;
    private const int SYS_pidfd_open = 434;

    private const int P_PIDFD = 3;

    // _IOWR(0xFF, 11, struct pidfd_info), of which we know the first 64 bytes (linux/pidfd.h of Linux 6.15).
    private const int PidFdInformationSize = 64;
    private const nuint PIDFD_GET_INFO = (3u << 30) | (PidFdInformationSize << 16) | (0xFF << 8) | 11;
    private const ulong PIDFD_INFO_EXIT = 8;
    private const int OffsetOfExitCode = 60;

    // Offsets in siginfo_t on 64-bit machines.
    private const int OffsetOfCode = 8;
    private const int OffsetOfProcess = 16;
    private const int OffsetOfStatus = 24;

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint syscall_pidfd_open(nint number, nint pid, nint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint syscall_pidfd_send_signal(nint number, SafeHandle pidfd, nint signal, nint information, nint flags);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static unsafe partial int waitid_pidfd(int idtype, SafeHandle pidfd, byte* infop, int options);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static unsafe partial int ioctl_pidfd(SafeHandle pidfd, nuint request, byte* information);

    /// <summary>Close-on-exec; -1 with ESRCH if there is no such process.</summary>
    internal static int pidfd_open(int pid) => (int)syscall_pidfd_open(SYS_pidfd_open, pid, 0);

    internal static int pidfd_send_signal(SafeHandle pidfd, int signal) => (int)syscall_pidfd_send_signal(SYS_pidfd_send_signal, pidfd, signal, 0, 0);

    /// <summary>Takes the end of a child process, if it has ended: it is no zombie any more then. Does not wait.</summary>
    /// <param name="pidfd">The child.</param>
    /// <param name="code">CLD_..., or 0 if it has not ended.</param>
    /// <param name="status">The exit code or the signal.</param>
    /// <returns>0 or an error number.</returns>
    internal static unsafe int TakeEndOfChild(SafeHandle pidfd, out int code, out int status)
    {
        byte* information = stackalloc byte[SignalInformationSize];
        new Span<byte>(information, SignalInformationSize).Clear();
        // SAFETY: filled in by the kernel during the call only.
        int errno = waitid_pidfd(P_PIDFD, pidfd, information, WEXITED | WNOHANG) == 0 ? 0 : Marshal.GetLastPInvokeError();
        bool hasEnded = errno == 0 && *(int*)(information + OffsetOfProcess) != 0;
        code = hasEnded ? *(int*)(information + OffsetOfCode) : 0;
        status = hasEnded ? *(int*)(information + OffsetOfStatus) : 0;
        return errno;
    }

    /// <summary>How a process has ended that somebody else has waited for. Since Linux 6.15.</summary>
    /// <param name="pidfd">The process.</param>
    /// <param name="status">As wait(2) tells it.</param>
    /// <returns>False if that is not known.</returns>
    internal static unsafe bool TryGetEndOfProcess(SafeHandle pidfd, out int status)
    {
        byte* information = stackalloc byte[PidFdInformationSize];
        new Span<byte>(information, PidFdInformationSize).Clear();
        *(ulong*)information = PIDFD_INFO_EXIT;
        // SAFETY: the kernel reads the mask and fills in as many bytes as the request says, during the call only.
        bool isKnown = ioctl_pidfd(pidfd, PIDFD_GET_INFO, information) == 0 && (*(ulong*)information & PIDFD_INFO_EXIT) != 0;
        status = *(int*)(information + OffsetOfExitCode);
        return isKnown;
    }
}
