namespace GreenThreads;

/// <summary>How green threads run in this process.</summary>
public enum GreenRuntimeMode
{
    /// <summary>Many green threads on few OS threads, by switching stacks.</summary>
    Switched,

    /// <summary>Every green thread is an OS thread with the same API, because this machine or runtime is not one that stacks can be switched on.</summary>
    Bound,
}
