namespace GreenThreads;

/// <summary>A supervisor has given up: too many restarts, or one of its first children could not be started. The last failure is the inner exception.</summary>
public sealed class SupervisorException : Exception
{
    /// <summary>Creates it with a standard message.</summary>
    public SupervisorException()
        : base("the supervisor has given up")
    {
    }

    /// <summary>Creates it with a message.</summary>
    /// <param name="message">Which supervisor, and why.</param>
    public SupervisorException(string message)
        : base(message)
    {
    }

    /// <summary>Creates it with a message and a cause.</summary>
    /// <param name="message">Which supervisor, and why.</param>
    /// <param name="innerException">The last failure.</param>
    public SupervisorException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    internal SupervisorException(string message, IReadOnlyList<ChildFailure> failures)
        : base($"{message}: {string.Join(", ", failures.Select(Describe))}", failures.LastOrDefault()?.Exception) => Failures = failures;

    /// <summary>What led to it, the oldest first; of very many, the last ones.</summary>
    public IReadOnlyList<ChildFailure> Failures { get; } = [];

    private static string Describe(ChildFailure failure) =>
        failure.Exception is { } exception ? $"{failure.Child} ({exception.GetType().Name}: {exception.Message})" : $"{failure.Child} (returned)";
}
