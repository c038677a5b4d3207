namespace GreenThreads;

/// <summary>
/// Leaves a wait at a <see cref="GreenBarrier"/> whose phase cannot end any more, because one of its parties gave up or the post-phase action
/// failed. The failure of the action is the inner exception.
/// </summary>
public sealed class GreenBarrierBrokenException : Exception
{
    /// <summary>Creates it with a standard message.</summary>
    public GreenBarrierBrokenException()
        : base("the barrier is broken")
    {
    }

    /// <summary>Creates it with a message.</summary>
    /// <param name="message">What is broken, and why.</param>
    public GreenBarrierBrokenException(string message)
        : base(message)
    {
    }

    /// <summary>Creates it with a message and a cause.</summary>
    /// <param name="message">What is broken, and why.</param>
    /// <param name="innerException">The cause.</param>
    public GreenBarrierBrokenException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
