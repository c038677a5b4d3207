namespace GreenThreads;

/// <summary>One file or directory that a <see cref="GreenFileWatcher"/> watches.</summary>
public sealed class GreenFileWatch
{
    internal GreenFileWatch(int descriptor, string path, GreenFileEvents events)
    {
        Descriptor = descriptor;
        Path = path;
        Events = events;
    }

    /// <summary>What is watched, by the name that it had when the watch began.</summary>
    public string Path { get; }

    /// <summary>What the watch tells.</summary>
    public GreenFileEvents Events { get; }

    internal int Descriptor { get; }

    /// <summary>The path.</summary>
    public override string ToString() => Path;
}
