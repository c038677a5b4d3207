using Microsoft.Extensions.Logging;

namespace GreenThreads;

/// <summary>Which engine a group's event loops get.</summary>
internal static class EventLoopEngines
{
    internal const string Variable = "GREENTHREADS_EVENT_LOOP";

    [ThreadStatic]
    private static int t_simulatedErrno;

    /// <summary>For tests: an error that the kernel would answer to the rings that the calling thread asks for; 0 for none.</summary>
    internal static int SimulatedErrno
    {
        get => t_simulatedErrno;
        set => t_simulatedErrno = value;
    }

    /// <summary>Makes up its mind once for a group, and logs one line if it cannot be what was asked for.</summary>
    /// <param name="asked">By the group's options.</param>
    /// <param name="logger">Of the group.</param>
    internal static EventLoopEngine Choose(EventLoopEngine asked, ILogger logger) =>
        Choose(asked, Environment.GetEnvironmentVariable(Variable), logger);

    /// <inheritdoc cref="Choose(EventLoopEngine, ILogger)"/>
    internal static EventLoopEngine Choose(EventLoopEngine asked, string? variable, ILogger logger)
    {
        if (asked == EventLoopEngine.Default)
            asked = Parse(variable, logger);
        if (asked != EventLoopEngine.IoUring)
            return EventLoopEngine.Epoll;
        try
        {
            Try();
            return EventLoopEngine.IoUring;
        }
        catch (SystemCallException exception)
        {
            Log.NoIoUring(logger, Explain(exception));
            return EventLoopEngine.Epoll;
        }
    }

    /// <summary>What one who reads the log can do about it.</summary>
    internal static string Explain(SystemCallException exception) => exception.Errno switch
    {
        Errno.ENOSYS => $"{exception.Message}; the kernel has no io_uring",
        Errno.EPERM or Errno.EACCES => $"{exception.Message}; it is forbidden here: by kernel.io_uring_disabled, or by a seccomp filter as containers have",
        Errno.EINVAL => $"{exception.Message}; Linux 6.1 or later is needed",
        Errno.ENOMEM => $"{exception.Message}; there is no memory, or too little may be locked: raise RLIMIT_MEMLOCK (ulimit -l)",
        _ => exception.Message,
    };

    /// <summary>What new groups get that do not ask for another, for <see cref="GreenRuntime.Describe"/>.</summary>
    internal static string Describe()
    {
        string? variable = Environment.GetEnvironmentVariable(Variable);
        if (Parse(variable, logger: null) != EventLoopEngine.IoUring)
            return "epoll";
        try
        {
            Try();
            return $"io_uring ({Variable}={variable})";
        }
        catch (SystemCallException exception)
        {
            return $"epoll, although {Variable}={variable}: {Explain(exception)}";
        }
    }

    /// <summary>Makes what each loop makes, and gives it back.</summary>
    /// <exception cref="SystemCallException">The kernel refused.</exception>
    private static void Try()
    {
        // The set is not polled, so any descriptor will do.
        new SocketRing(epoll: -1, buffers: 1).Dispose([]);
        new FileRing().Dispose();
    }

    private static EventLoopEngine Parse(string? variable, ILogger? logger)
    {
        switch (variable?.ToLowerInvariant())
        {
            case null or "" or "epoll":
                return EventLoopEngine.Epoll;
            case "io_uring":
                return EventLoopEngine.IoUring;
            default:
                if (logger is not null)
                    Log.UnknownEventLoop(logger, Variable, variable);
                return EventLoopEngine.Epoll;
        }
    }
}
