using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary>Two connected sockets that are not TCP: quick, and with no ports.</summary>
internal sealed partial class SocketPair : IDisposable
{
    internal unsafe SocketPair()
    {
        const int AF_UNIX = 1;
        int* descriptors = stackalloc int[2];
        if (socketpair(AF_UNIX, Interop.SOCK_STREAM | Interop.SOCK_NONBLOCK | Interop.SOCK_CLOEXEC, 0, descriptors) < 0)
            throw new SystemCallException("socketpair", Marshal.GetLastPInvokeError());
        One = new SocketDescriptor(descriptors[0], typeof(SocketPair));
        Two = new SocketDescriptor(descriptors[1], typeof(SocketPair));
    }

    internal SocketDescriptor One { get; }

    internal SocketDescriptor Two { get; }

    public void Dispose()
    {
        One.Dispose();
        Two.Dispose();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int socketpair(int domain, int type, int protocol, int* sv);
}
