using System.Runtime.InteropServices;

namespace GreenThreads;

// A Unix socket connects at once, or not at all: while the listener's backlog is full, a non-blocking connect fails with EAGAIN, and nothing tells when there is
// room. So it is tried again, after pauses that grow.
public sealed partial class GreenUnixStream
{
    // Guesses: a server that is only busy makes room within microseconds; one that hangs should not be asked a thousand times a second.
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Connects to a listener. Parks while the listener's backlog is full: it tries again, at first after 1 ms, at last every 50 ms.</summary>
    /// <param name="name">A path, or <c>@name</c> for a name in the abstract namespace; <c>./@file</c> is a path.</param>
    /// <exception cref="ArgumentException">The name is empty or too long.</exception>
    /// <exception cref="SystemCallException">Nobody listens there (ENOENT, ECONNREFUSED), it is not allowed (EACCES), or there is no descriptor left.</exception>
    public static GreenUnixStream Connect(string name) => ConnectCore(name, Deadline.Never);

    /// <inheritdoc cref="Connect(string)"/>
    /// <param name="name">A path, or <c>@name</c> for a name in the abstract namespace.</param>
    /// <param name="timeout">How long to wait at most; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <exception cref="TimeoutException">The listener's backlog stayed full.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    public static GreenUnixStream Connect(string name, TimeSpan timeout) => ConnectCore(name, Deadline.After(timeout));

    /// <summary>Connects without parking or blocking, from any thread.</summary>
    /// <param name="name">A path, or <c>@name</c> for a name in the abstract namespace.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="SystemCallException">Nobody listens there (ENOENT, ECONNREFUSED), it is not allowed (EACCES), or there is no descriptor left.</exception>
    public static async ValueTask<GreenUnixStream> ConnectAsync(string name, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        SocketDescriptor socket = SocketDescriptor.Create(Interop.AF_UNIX, typeof(GreenUnixStream));
        try
        {
            TimeSpan pause = s_firstPause;
            while (!TryConnect(socket, name))
            {
                await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
                pause = Longer(pause);
            }
            return new GreenUnixStream(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static GreenUnixStream ConnectCore(string name, Deadline deadline)
    {
        EventLoopHost.Current.SpendBudget();
        SocketDescriptor socket = SocketDescriptor.Create(Interop.AF_UNIX, typeof(GreenUnixStream));
        try
        {
            TimeSpan pause = s_firstPause;
            while (!TryConnect(socket, name))
            {
                if (deadline.HasPassed)
                    throw new TimeoutException($"The listener at {UnixAddressFormat.Shown(name)} did not take the connection in time.");
                // Nobody else knows the socket: this waits for the time only.
                socket.Wait(WaitDirection.Close, seen: 0, Deadline.Earlier(deadline, Deadline.After(pause)));
                pause = Longer(pause);
            }
            return new GreenUnixStream(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < s_longestPause ? pause * 2 : s_longestPause;

    /// <summary>One connect; false while the backlog is full.</summary>
    private static unsafe bool TryConnect(SocketDescriptor socket, string name)
    {
        byte* address = stackalloc byte[UnixAddressFormat.MaximumSize];
        int size = UnixAddressFormat.Write(name, new Span<byte>(address, UnixAddressFormat.MaximumSize));
        while (true)
        {
            // SAFETY: the kernel reads size bytes during the call.
            if (Interop.connect(socket, address, size) == 0)
                return true;
            int errno = Marshal.GetLastPInvokeError();
            switch (errno)
            {
                case Errno.EINTR:
                    continue;
                case Errno.EAGAIN:
                    return false;
                default:
                    throw new SystemCallException("connect", errno, $"the listener would be {UnixAddressFormat.Shown(name)}");
            }
        }
    }
}
