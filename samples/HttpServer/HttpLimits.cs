namespace GreenThreads.Samples.Http;

/// <summary>What a peer may ask of the server. Sizes are bytes.</summary>
internal sealed record HttpLimits
{
    internal int MaximumRequestLine { get; init; } = 8 * 1024;

    /// <summary>All header lines of a request together; trailers too.</summary>
    internal int MaximumHeaders { get; init; } = 32 * 1024;

    internal int MaximumHeaderCount { get; init; } = 100;

    internal long MaximumBody { get; init; } = 1024 * 1024;

    /// <summary>How long a connection may be silent between two requests.</summary>
    internal TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>From the first byte of a request to the end of its headers, however slowly they drip (slow loris).</summary>
    internal TimeSpan HeaderTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the end of the headers to the end of the body.</summary>
    internal TimeSpan BodyTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a peer that does not read may hold up a write.</summary>
    internal TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
