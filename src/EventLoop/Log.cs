using System.Net;
using Microsoft.Extensions.Logging;

namespace GreenThreads;

// What the event loop and the sockets log. Everything goes through the facade, and nothing here is on a hot path.
internal static partial class Log
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "epoll_pwait2 is not available: timers are rounded up to milliseconds")]
    internal static partial void NoNanosecondPoll(ILogger logger);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning,
        Message = "{EndPoint} cannot accept connections for now; it goes on serving and tries again at least every {Interval}: {Error}")]
    internal static partial void CannotAccept(ILogger logger, IPEndPoint endPoint, string error, TimeSpan interval);
}
