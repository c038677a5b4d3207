using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace GreenThreads;

public sealed partial class Supervisor
{
    [SuppressMessage("Design", "CA1031", Justification = "A logger that fails cannot be told of by logging, and is no failure of the supervisor.")]
    private static void Say(Action<ILogger> log)
    {
        try
        {
            log(GreenThread.Current!.Group.Logger);
        }
        catch (Exception) when (!IsCanceled)
        {
            // See above.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Supervisor {Supervisor}: the child {Child} has ended ({Kind}); {Consequence}")]
    private static partial void LogEnded(ILogger logger, string supervisor, string child, GreenThreadEndKind kind, string consequence, Exception? exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Supervisor {Supervisor}: the child {Child} could not be started")]
    private static partial void LogNotStarted(ILogger logger, string supervisor, string child, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Supervisor {Supervisor}: the child {Child}, spawned at {Site}, was cancelled and has not ended within {Timeout}; "
        + "the supervisor goes on without it")]
    private static partial void LogUnfinished(ILogger logger, string supervisor, string child, string site, TimeSpan timeout);

    [LoggerMessage(Level = LogLevel.Error, Message = "Supervisor {Supervisor} gives up and ends all its children")]
    private static partial void LogGivesUp(ILogger logger, string supervisor, Exception exception);
}
