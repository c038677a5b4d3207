using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace GreenThreads.Tests;

/// <summary>Keeps what is logged, as text. The default group of the test process logs to <see cref="OfDefaultGroup"/>.</summary>
internal sealed class RecordingLogger : ILogger, ILoggerFactory
{
    internal static RecordingLogger OfDefaultGroup { get; } = new();

    internal ConcurrentQueue<string> Messages { get; } = new();

    [ModuleInitializer]
    internal static void Install() => SchedulerGroup.ConfigureDefault(new SchedulerGroupOptions { LoggerFactory = OfDefaultGroup });

    /// <summary>Waits for a message with these words: the monitor and the shutdown have theirs logged by the thread pool.</summary>
    internal void WaitFor(params string[] words) => Assert.True(
        SpinWait.SpinUntil(() => Messages.Any(message => words.All(word => message.Contains(word, StringComparison.Ordinal))), TimeLimit.Generous),
        $"nothing with \"{string.Join("\" and \"", words)}\" was logged, but: {string.Join("; ", Messages)}");

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Messages.Enqueue($"{logLevel}: {formatter(state, exception)}");

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }
}
