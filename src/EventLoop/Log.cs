using Microsoft.Extensions.Logging;

namespace GreenThreads;

// What the event loop and the sockets log. Everything goes through the facade, and nothing here is on a hot path.
internal static partial class Log
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "epoll_pwait2 is not available: timers are rounded up to milliseconds")]
    internal static partial void NoNanosecondPoll(ILogger logger);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning,
        Message = "{EndPoint} cannot accept: {Error}. It tries again every {Delay} and serves what is open meanwhile. "
            + "If descriptors are the cause, raise RLIMIT_NOFILE (ulimit -n).")]
    internal static partial void CannotAccept(ILogger logger, System.Net.IPEndPoint endPoint, string error, TimeSpan delay);
}
