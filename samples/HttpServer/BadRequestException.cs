namespace GreenThreads.Samples.Http;

/// <summary>The peer does not keep to the protocol or the limits. It is told with this status, and the connection ends: where the next request would begin is not known.</summary>
internal sealed class BadRequestException(int status, string message) : Exception(message)
{
    internal int Status => status;
}
