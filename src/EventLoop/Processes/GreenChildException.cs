namespace GreenThreads;

/// <summary>A child process did not return 0, or a signal ended it.</summary>
public sealed class GreenChildException : Exception
{
    /// <summary>Creates the exception for an end.</summary>
    /// <param name="exit">How the child has ended.</param>
    public GreenChildException(GreenChildExit exit)
        : base((exit ?? throw new ArgumentNullException(nameof(exit))).ToString()) => Exit = exit;

    /// <summary>How it has ended.</summary>
    public GreenChildExit Exit { get; }
}
