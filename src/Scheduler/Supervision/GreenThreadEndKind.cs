namespace GreenThreads;

/// <summary>The ways in which a green thread ends.</summary>
public enum GreenThreadEndKind
{
    /// <summary>Its body has returned.</summary>
    Returned,

    /// <summary>An exception has left its body, or it could not be started.</summary>
    Failed,

    /// <summary>It was cancelled, and the <see cref="GreenThreadCanceledException"/> has left its body.</summary>
    Canceled,
}
