namespace GreenThreads;

/// <summary>What a receive of a datagram brought.</summary>
/// <param name="Count">How many bytes are in the buffer now.</param>
/// <param name="Length">How long the datagram was.</param>
public readonly record struct GreenDatagram(int Count, int Length)
{
    /// <summary>Whether the buffer was too small; what did not fit is lost.</summary>
    public bool IsTruncated => Length > Count;
}
