namespace GreenThreads.Tour;

/// <summary>What the user asked for; null where nothing was said.</summary>
internal sealed record TourOptions(int? Threads, int? Connections, double? Seconds, long? Yields, bool Json, int? Serve, bool Damage)
{
    /// <summary>
    /// Fills in what was not given. In bound mode each green thread is an OS thread, of which a container may allow few: smaller numbers there,
    /// unless the user insists.
    /// </summary>
    internal TourPlan Plan()
    {
        bool isBound = GreenRuntime.Mode == GreenRuntimeMode.Bound;
        return new TourPlan(
            Threads ?? (isBound ? 500 : 10_000),
            Connections ?? (isBound ? 200 : 1_000),
            Seconds ?? 3,
            Yields ?? (isBound ? 1_000_000 : 10_000_000),
            isBound ? "bound mode: every green thread is an OS thread, so the numbers that were not given are smaller ones" : null);
    }
}

/// <summary>What will be run.</summary>
internal sealed record TourPlan(int Threads, int Connections, double Seconds, long Yields, string? Note);

/// <summary>What the second process is to do.</summary>
internal sealed record LoadOptions(int Port, int Connections, double Seconds);
