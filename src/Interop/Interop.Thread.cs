using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>What the C library knows of the calling OS thread: gettid(2), sched_yield(2), pthread_getattr_np(3), pthread_sigmask(3), shadow stacks.</summary>
internal static partial class Interop
{
    /// <summary>The signal with which CoreCLR interrupts managed code (INJECT_ACTIVATION_SIGNAL in its platform layer): SIGRTMIN of glibc.</summary>
    internal const int ActivationSignal = 34;

    internal const int SIG_BLOCK = 0;
    internal const int SIG_UNBLOCK = 1;

    private const int SYS_arch_prctl = 158;
    private const int ARCH_SHSTK_STATUS = 0x5005;
    private const ulong ARCH_SHSTK_SHSTK = 1;

    [LibraryImport("libc")]
    internal static partial int gettid();

    /// <summary>Gives the rest of the time slice of the calling OS thread away; Thread.Yield on a green thread does not.</summary>
    [LibraryImport("libc")]
    internal static partial int sched_yield();

    /// <summary>Whether this is the id of the thread that the process began with.</summary>
    internal static bool IsMainThread(int threadId) => threadId == Environment.ProcessId;

    [LibraryImport("libc")]
    internal static partial nint pthread_self();

    // pthread_attr_t has 56 bytes on x86-64 (bits/pthreadtypes-arch.h).
    private unsafe struct pthread_attr_t
    {
        public fixed byte Size[56];
    }

    [LibraryImport("libc")]
    private static unsafe partial int pthread_getattr_np(nint thread, pthread_attr_t* attr);

    [LibraryImport("libc")]
    private static unsafe partial int pthread_attr_getstack(pthread_attr_t* attr, nint* stackaddr, nint* stacksize);

    [LibraryImport("libc")]
    private static unsafe partial int pthread_attr_destroy(pthread_attr_t* attr);

    /// <summary>The calling OS thread's stack: its limit (low address) and base (high address).</summary>
    internal static unsafe (nint Limit, nint Base) GetStackBounds()
    {
        // SAFETY: the three calls fill in and free a structure of ours of the size that glibc's headers give it.
        pthread_attr_t attr;
        nint address, size;
        int error = pthread_getattr_np(pthread_self(), &attr);
        if (error != 0)
            throw new SystemCallException("pthread_getattr_np", error);
        error = pthread_attr_getstack(&attr, &address, &size);
        _ = pthread_attr_destroy(&attr);
        if (error != 0)
            throw new SystemCallException("pthread_attr_getstack", error);
        return (address, address + size);
    }

    // A leaf: it must not leave cooperative mode, see PendingActivationProbe. Sets of signals are bit masks with SIGRTMIN well inside the first word.
    [LibraryImport("libc")]
    [SuppressGCTransition]
    internal static unsafe partial int pthread_sigmask(int how, ulong* set, ulong* oldset);

    [LibraryImport("libc")]
    private static unsafe partial nint syscall(nint number, nint argument1, void* argument2);

    /// <summary>Whether the calling thread runs under a hardware shadow stack (CET): a switch of stacks is a fault there.</summary>
    internal static unsafe bool HasShadowStack()
    {
        // SAFETY: the kernel writes one 64-bit word; kernels that do not know the request return an error and write nothing.
        ulong features = 0;
        return syscall(SYS_arch_prctl, ARCH_SHSTK_STATUS, &features) == 0 && (features & ARCH_SHSTK_SHSTK) != 0;
    }
}
