using Microsoft.Extensions.Logging;

namespace GreenThreads.Samples;

/// <summary>Writes warnings of the library to stderr. A program of yours has a logger already; give that to <see cref="SchedulerGroupOptions.LoggerFactory"/>.</summary>
internal sealed class ConsoleLoggerFactory : ILoggerFactory, ILogger
{
    public void AddProvider(ILoggerProvider provider)
    {
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            Console.Error.WriteLine($"{logLevel}: {formatter(state, exception)}{(exception is null ? "" : $": {exception.Message}")}");
    }

    public void Dispose()
    {
    }
}
