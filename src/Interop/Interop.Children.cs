using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    private const int P_ALL = 0;
    private const int P_PID = 1;
    private const int WNOHANG = 0x1;
    private const int WEXITED = 0x4;
    private const int WNOWAIT = 0x1000000;

    // sizeof(siginfo_t)
    private const int SignalInformationSize = 128;

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int waitid(int idtype, uint id, byte* infop, int options);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int sig);

    /// <summary>Ends a child that nobody knows yet, and waits until it is no zombie any more.</summary>
    internal static unsafe void EndChild(int pid)
    {
        if (kill(pid, SIGKILL) != 0)
            return;
        byte* information = stackalloc byte[SignalInformationSize];
        // SAFETY: filled in by the kernel during the call only.
        while (waitid(P_PID, (uint)pid, information, WEXITED) != 0 && Marshal.GetLastPInvokeError() == Errno.EINTR)
        {
            // A signal came.
        }
    }

    /// <summary>Whether there are child processes, with those that have ended and that nobody has asked for yet. Takes nothing from whoever waits for them.</summary>
    internal static unsafe bool HasChildProcesses()
    {
        byte* information = stackalloc byte[SignalInformationSize];
        // SAFETY: filled in by the kernel during the call only.
        return waitid(P_ALL, 0, information, WEXITED | WNOHANG | WNOWAIT) == 0; // Otherwise ECHILD.
    }
}
