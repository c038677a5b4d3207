using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>A pipe between this process and a child.</summary>
internal static class ChildPipe
{
    /// <summary>Opens one. Only our end is non-blocking: programs expect that a read or a write waits.</summary>
    /// <param name="isForReading">Whether this process reads it.</param>
    /// <param name="ours">Our end.</param>
    /// <returns>The child's end.</returns>
    internal static unsafe SafeHandle Open(bool isForReading, out GreenPipeStream ours)
    {
        int* ends = stackalloc int[2];
        // SAFETY: the kernel writes two numbers.
        if (Interop.pipe2(ends, Interop.O_CLOEXEC) < 0)
            throw new SystemCallException("pipe2", Marshal.GetLastPInvokeError());
        var theirs = new FileDescriptor(ends[isForReading ? 1 : 0]);
        var descriptor = new PipeDescriptor(ends[isForReading ? 0 : 1], isForReading, isPacketMode: false, isFifo: false);
        ours = new GreenPipeStream(descriptor);
        // A pipe has no other flags that can be set so.
        if (Interop.fcntl(descriptor, Interop.F_SETFL, Interop.O_NONBLOCK) >= 0)
            return theirs;
        int errno = Marshal.GetLastPInvokeError();
        theirs.Dispose();
        ours.Dispose();
        throw new SystemCallException("fcntl", errno);
    }
}
