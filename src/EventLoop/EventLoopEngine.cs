namespace GreenThreads;

/// <summary>What a scheduler waits with.</summary>
public enum EventLoopEngine
{
    /// <summary>As the environment variable GREENTHREADS_EVENT_LOOP says: <c>epoll</c> or <c>io_uring</c>. Without it, <see cref="Epoll"/>.</summary>
    Default,

    /// <summary>epoll(7): the kernel says what is ready, and the caller does it.</summary>
    Epoll,

    /// <summary>
    /// io_uring(7), Linux 6.1 or later: connections receive, and files are read and written, without a system call for each. Where the kernel does not
    /// allow it, <see cref="Epoll"/> is used and one line of the log says why. What goes through it: docs/io-uring.md.
    /// </summary>
    IoUring,
}
