using Microsoft.Extensions.Logging;

namespace GreenThreads.Samples.Rabc;

// Client and server log through the facade only; whoever uses them decides where it goes.
internal static partial class Log
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "client connected: process {ProcessId} of user {UserId}")]
    internal static partial void Connected(ILogger logger, int processId, long userId);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "client has gone: process {ProcessId}")]
    internal static partial void Ended(ILogger logger, int processId);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "client closed: process {ProcessId}: {Reason}")]
    internal static partial void Failed(ILogger logger, int processId, string reason);

    [LoggerMessage(EventId = 4, Level = LogLevel.Debug, Message = "ping {Number} sent")]
    internal static partial void PingSent(ILogger logger, long number);

    [LoggerMessage(EventId = 5, Level = LogLevel.Debug, Message = "pong {Number} after {Elapsed}")]
    internal static partial void PongReceived(ILogger logger, long number, TimeSpan elapsed);

    [LoggerMessage(EventId = 6, Level = LogLevel.Warning, Message = "Process was called too late: {Count} pings were left out")]
    internal static partial void PingsLeftOut(ILogger logger, long count);
}
