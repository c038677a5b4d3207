using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace GreenThreads.Tests;

/// <summary>The host of an event loop with no scheduler: a thread that polls and wakes. Every waiter is an OS thread or an asynchronous call.</summary>
internal sealed class PollingThread : EventLoopHost, IDisposable
{
    private readonly Thread _thread;
    private volatile bool _isStopping;

    internal PollingThread(ILogger? logger = null)
    {
        Loop = new EventLoop(logger ?? Logger);
        _thread = new Thread(Run) { IsBackground = true, Name = "polling thread" };
        _thread.Start();
    }

    internal static RecordingLogger Logger { get; } = new();

    internal EventLoop Loop { get; }

    internal override Waiter? CurrentGreenThread => null;

    internal override EventLoop LoopOfCaller => Loop;

    [ModuleInitializer]
    internal static void InstallHost() => Install(new PollingThread());

    public void Dispose()
    {
        _isStopping = true;
        Loop.Interrupt();
        _thread.Join();
        Loop.Dispose();
    }

    private void Run()
    {
        var ready = new List<Waiter>();
        while (!_isStopping)
        {
            Loop.Poll(Deadline.Never, ready);
            foreach (Waiter waiter in ready)
                waiter.Wake();
            ready.Clear();
        }
    }
}

internal sealed class RecordingLogger : ILogger
{
    internal ConcurrentQueue<string> Messages { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Messages.Enqueue(formatter(state, exception));
}
