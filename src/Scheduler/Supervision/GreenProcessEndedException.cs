namespace GreenThreads;

/// <summary>A request got no answer because the process has ended, or is about to. What ended it is the inner exception; there is none if its body has returned.</summary>
public sealed class GreenProcessEndedException : Exception
{
    /// <summary>Creates it with a standard message.</summary>
    public GreenProcessEndedException()
        : base("the process has ended")
    {
    }

    /// <summary>Creates it with a message.</summary>
    /// <param name="message">Which process, and how.</param>
    public GreenProcessEndedException(string message)
        : base(message)
    {
    }

    /// <summary>Creates it with a message and a cause.</summary>
    /// <param name="message">Which process, and how.</param>
    /// <param name="innerException">What ended it.</param>
    public GreenProcessEndedException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
