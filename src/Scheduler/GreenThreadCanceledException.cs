namespace GreenThreads;

/// <summary>
/// Leaves a park, or a yield, of a green thread that is cancelled: by <see cref="GreenThread.Cancel()"/>, by its <see cref="GreenScope"/>, or because its group is being
/// shut down and did not drain in time. It is thrown again at every further park, so that clean-up code should not wait for anything, or say that it must
/// (<see cref="GreenThread.RunShielded"/>); swallowing it does not keep the green thread alive, it only delays those who wait for its end. The inner exception, if there is
/// one, is the failure that led to it.
/// </summary>
/// <remarks>
/// It is no <see cref="OperationCanceledException"/>, and like <see cref="ThreadInterruptedException"/> in that: stock code takes such a one for the end of its own
/// operation. (BlockingCollection.GetConsumingEnumerable would simply end, as if all had been consumed.) A <see cref="Task"/> of the green thread is
/// cancelled by it all the same.
/// </remarks>
public sealed class GreenThreadCanceledException : Exception
{
    /// <summary>Creates it with a standard message.</summary>
    public GreenThreadCanceledException()
        : base("the green thread's scheduler group is being shut down")
    {
    }

    /// <summary>Creates it with a message.</summary>
    /// <param name="message">What was cancelled, and why.</param>
    public GreenThreadCanceledException(string message)
        : base(message)
    {
    }

    /// <summary>Creates it with a message and a cause.</summary>
    /// <param name="message">What was cancelled, and why.</param>
    /// <param name="innerException">The cause.</param>
    public GreenThreadCanceledException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
