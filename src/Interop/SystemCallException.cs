using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>
/// A system call failed. The one exception for all of them; it is an <see cref="IOException"/> so that code written for
/// <see cref="Stream"/> catches it as it always did.
/// </summary>
public sealed class SystemCallException : IOException
{
    /// <summary>Creates the exception for a call that failed with an error number.</summary>
    /// <param name="call">The native name of the call, for example <c>accept4</c>.</param>
    /// <param name="errno">The error number that the call left.</param>
    /// <param name="hint">What the reader can do about it, for example the limit to raise; null for nothing.</param>
    public SystemCallException(string call, int errno, string? hint = null)
        : base(Format(call, errno, hint))
    {
        Call = call;
        Errno = errno;
    }

    /// <summary>The native name of the call that failed.</summary>
    public string Call { get; }

    /// <summary>The error number of Linux (errno(3)).</summary>
    public int Errno { get; }

    private static string Format(string call, int errno, string? hint)
    {
        ArgumentException.ThrowIfNullOrEmpty(call);
        string message = $"{call}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})";
        hint ??= errno switch
        {
            GreenThreads.Errno.EMFILE => "the process's limit of open descriptors is met: raise RLIMIT_NOFILE (ulimit -n)",
            GreenThreads.Errno.ENFILE => "the system's limit of open files is met: raise fs.file-max",
            _ => null,
        };
        return hint is null ? message : $"{message}; {hint}";
    }
}
