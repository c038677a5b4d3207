namespace GreenThreads;

/// <summary>Something that happened to a watched file or directory.</summary>
public sealed class GreenFileEvent
{
    internal GreenFileEvent(GreenFileWatch? watch, GreenFileEvents events, uint cookie, string? name)
    {
        Watch = watch;
        Events = events;
        Cookie = cookie;
        Name = name;
    }

    /// <summary>Whose event it is; null for <see cref="GreenFileEvents.Overflow"/>.</summary>
    public GreenFileWatch? Watch { get; }

    /// <summary>What has happened: one thing, and perhaps <see cref="GreenFileEvents.IsDirectory"/>.</summary>
    public GreenFileEvents Events { get; }

    /// <summary>The same number in the two events of one that has moved, zero otherwise.</summary>
    public uint Cookie { get; }

    /// <summary>The name inside of the watched directory; null if it happened to what is watched itself.</summary>
    public string? Name { get; }

    /// <summary>The path of the watch with the name behind it; null for <see cref="GreenFileEvents.Overflow"/>.</summary>
    public string? Path => Watch is null || Name is null ? Watch?.Path : System.IO.Path.Combine(Watch.Path, Name);

    /// <summary>What has happened to what.</summary>
    public override string ToString() => Path is { } path ? $"{Events}: {path}" : Events.ToString();
}
