namespace GreenThreads;

/// <summary>What a green thread is doing. A snapshot: it may have changed before the caller looks at it.</summary>
public enum GreenThreadState
{
    /// <summary>Spawned and not started; it has no stack yet.</summary>
    Created,

    /// <summary>Waiting for its scheduler to run it.</summary>
    Runnable,

    /// <summary>Running on an OS thread.</summary>
    Running,

    /// <summary>Waiting for something, off its OS thread (in bound mode: blocking it).</summary>
    Parked,

    /// <summary>Its body has returned or thrown.</summary>
    Ended,
}
