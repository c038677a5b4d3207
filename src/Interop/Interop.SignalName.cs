using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    internal const int SIGKILL = 9;

    // Since glibc 2.32; null for a number that is no signal's.
    [LibraryImport("libc")]
    private static partial nint sigabbrev_np(int sig);

    /// <summary>The number of a signal of the framework's, which has negative ones of its own for some.</summary>
    [SuppressMessage("Interoperability", "CA1416", Justification = "The library runs on Linux only.")]
    internal static int NumberOfSignal(PosixSignal signal) => signal switch
    {
        PosixSignal.SIGHUP => 1,
        PosixSignal.SIGINT => 2,
        PosixSignal.SIGQUIT => 3,
        PosixSignal.SIGTERM => 15,
        PosixSignal.SIGCHLD => 17,
        PosixSignal.SIGCONT => 18,
        PosixSignal.SIGTSTP => 20,
        PosixSignal.SIGTTIN => 21,
        PosixSignal.SIGTTOU => 22,
        PosixSignal.SIGWINCH => 28,
        _ => (int)signal,
    };

    /// <summary>As SIGSEGV; a number for those that have no name.</summary>
    internal static string NameOfSignal(int signal)
    {
        try
        {
            if (Marshal.PtrToStringUTF8(sigabbrev_np(signal)) is { } name)
                return $"SIG{name}";
        }
        catch (EntryPointNotFoundException)
        {
            // An older C library.
        }
        return $"signal {signal}";
    }
}
