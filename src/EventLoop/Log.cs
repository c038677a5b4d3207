using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace GreenThreads;

// What the event loop and the sockets log. Everything goes through the facade, and nothing here is on a hot path.
internal static partial class Log
{
    // Lines that wait for the thread pool; further ones are dropped. A guess.
    private const int MaximumPosted = 64;

    private static int s_posted;

    /// <summary>
    /// Logs from the thread pool, for threads of ours that must not run code of a user's: a logger may wait for a lock that a green thread holds, and the
    /// monitor is who makes that one go on.
    /// </summary>
    internal static void Post(Action log)
    {
        if (Interlocked.Increment(ref s_posted) > MaximumPosted)
        {
            Interlocked.Decrement(ref s_posted);
            return;
        }
        using (NoPark.Enter())
            ThreadPool.UnsafeQueueUserWorkItem(Run, log, preferLocal: false);
    }

    [SuppressMessage("Design", "CA1031", Justification = "A logger that fails cannot be told of by logging, and must not end the process.")]
    private static void Run(Action log)
    {
        try
        {
            log();
        }
        catch (Exception)
        {
            // See above.
        }
        finally
        {
            Interlocked.Decrement(ref s_posted);
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "epoll_pwait2 is not available: timers are rounded up to milliseconds")]
    internal static partial void NoNanosecondPoll(ILogger logger);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning,
        Message = "{EndPoint} cannot accept connections for now; it goes on serving and tries again at least every {Interval}: {Error}")]
    internal static partial void CannotAccept(ILogger logger, string endPoint, string error, TimeSpan interval);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning,
        Message = "{EndPoint} has as many connections as it may, {Maximum}; further ones wait until one of them ends")]
    internal static partial void HasAllConnections(ILogger logger, string endPoint, int maximum);

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "io_uring is not available, the event loop goes on with epoll: {Reason}")]
    internal static partial void NoIoUring(ILogger logger, string reason);

    [LoggerMessage(EventId = 5, Level = LogLevel.Warning, Message = "{Variable}={Value} is unknown (epoll, io_uring); epoll is used")]
    internal static partial void UnknownEventLoop(ILogger logger, string variable, string value);
}
