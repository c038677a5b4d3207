using Microsoft.Extensions.Logging;

namespace GreenThreads.TestProcess;

/// <summary>Writes each warning to standard output as <c>warning=...</c> and counts them.</summary>
internal sealed class CountingLogger : ILoggerFactory, ILogger
{
    private int _warnings;

    internal int Warnings => Volatile.Read(ref _warnings);

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Interlocked.Increment(ref _warnings);
        Console.WriteLine($"warning={formatter(state, exception)}");
    }

    public void Dispose()
    {
    }
}
