namespace GreenThreads;

/// <summary>A peer announced a message that is longer than the maximum. Nothing of it was read, and the stream cannot be read on.</summary>
public sealed class MessageTooLongException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="length">What was announced, in bytes.</param>
    /// <param name="maximumLength">What is allowed, in bytes.</param>
    public MessageTooLongException(long length, int maximumLength)
        : base($"The peer announced a message of {length} bytes; the maximum is {maximumLength}.")
    {
        Length = length;
        MaximumLength = maximumLength;
    }

    /// <summary>How long the message was announced to be, in bytes.</summary>
    public long Length { get; }

    /// <summary>What is allowed, in bytes.</summary>
    public int MaximumLength { get; }
}
