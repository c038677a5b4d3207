namespace GreenThreads;

/// <summary>Tells of an exception that ended a green thread and that nobody has asked for.</summary>
public sealed class UnobservedGreenThreadExceptionEventArgs : EventArgs
{
    /// <summary>Creates the arguments.</summary>
    /// <param name="exception">What the body threw.</param>
    /// <param name="threadName">The green thread's name, or its id in words.</param>
    public UnobservedGreenThreadExceptionEventArgs(Exception exception, string threadName)
    {
        ArgumentNullException.ThrowIfNull(exception);
        ArgumentNullException.ThrowIfNull(threadName);
        Exception = exception;
        ThreadName = threadName;
    }

    /// <summary>What the body threw.</summary>
    public Exception Exception { get; }

    /// <summary>The green thread's name, or its id in words.</summary>
    public string ThreadName { get; }
}
