using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>sigaction(2) and rt_tgsigqueueinfo(2).</summary>
internal static partial class Interop
{
    /// <summary>The last real-time signal.</summary>
    internal const int SIGRTMAX = 64;

    internal const nint SIG_DFL = 0;
    internal const int SA_SIGINFO = 4;
    internal const int SA_RESTART = 0x10000000;
    internal const int SI_QUEUE = -1;

    private const int SYS_rt_tgsigqueueinfo = 297; // x86-64

    // As glibc defines it on x86-64 (bits/sigaction.h); the C library fills in the restorer.
    internal unsafe struct sigaction_t
    {
        public nint sa_handler;
        public fixed ulong sa_mask[16];
        public int sa_flags;
        public nint sa_restorer;
    }

    // siginfo_t is 128 bytes; these fields are those of a signal that carries a value (asm-generic/siginfo.h).
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    internal struct siginfo_t
    {
        public int si_signo;
        public int si_errno;
        public int si_code;
        public int padding;
        public int si_pid;
        public int si_uid;
        public nint si_value;
    }

    [LibraryImport("libc")]
    internal static unsafe partial int sigaction(int signum, sigaction_t* act, sigaction_t* oldact);

    [LibraryImport("libc")]
    private static unsafe partial nint syscall(nint number, nint tgid, nint tid, nint sig, siginfo_t* info);

    /// <summary>Queues a signal that carries a value for one thread of this process. Returns 0, or -1 if that thread is gone or its queue is full.</summary>
    internal static unsafe int QueueSignal(int tid, int signal, nint value)
    {
        // SAFETY: the kernel reads 128 bytes.
        var info = new siginfo_t { si_signo = signal, si_code = SI_QUEUE, si_pid = Environment.ProcessId, si_value = value };
        return (int)syscall(SYS_rt_tgsigqueueinfo, Environment.ProcessId, tid, signal, &info);
    }
}
