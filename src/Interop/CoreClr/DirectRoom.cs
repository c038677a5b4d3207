namespace GreenThreads;

/// <summary>
/// Who has the room for direct thread statics (<see cref="DirectThreadStatics"/>). What the framework keeps there, ids of threads and processors
/// and the like, does no harm: its code does not park between two uses. Of anybody else's class we cannot know it: compiled code may keep the
/// address of such a field over a park, so there must be no resumption on another OS thread as long as one lies there.
/// </summary>
internal sealed class DirectRoom
{
    /// <param name="lost">Bytes that were gone before this library could take them.</param>
    /// <param name="owners">Who has them; null if that could not be found out.</param>
    internal DirectRoom(int lost, IReadOnlyList<DirectRoomOwner>? owners)
    {
        Lost = lost;
        Owners = owners;
        var others = new List<string>();
        foreach (DirectRoomOwner owner in owners ?? [])
        {
            if (owner.IsTrusted)
                continue;
            LostToOthers += owner.Bytes;
            others.Add(owner.ToString());
        }
        if (owners is null)
            LostToOthers = lost;
        Candidates = others;
    }

    internal const int Size = ClrLayout.ThreadStaticsSize - ClrLayout.DirectRoomOffset;

    /// <summary>Bytes that this library uses up.</summary>
    internal int Taken => Size - Lost;

    /// <summary>Bytes that were gone before, among them those that the runtime leaves empty to align the rest.</summary>
    internal int Lost { get; }

    /// <summary>Who has the lost bytes; null if that could not be found out.</summary>
    internal IReadOnlyList<DirectRoomOwner>? Owners { get; }

    /// <summary>Bytes that belong to classes of neither the framework nor this library; all that are lost if the owners are not known.</summary>
    internal int LostToOthers { get; }

    /// <summary>The classes that <see cref="LostToOthers"/> is about, for a message; none if the owners are not known.</summary>
    internal IReadOnlyList<string> Candidates { get; }

    /// <summary>Whether a green thread may go on on another OS thread than it parked on.</summary>
    internal bool AllowsMigration => LostToOthers == 0;
}

/// <summary>A class whose thread statics lie in the room for direct ones since before this library started.</summary>
/// <param name="Type">The class.</param>
/// <param name="Bytes">From where its statics begin to where the next class's do: what it may use, not more.</param>
/// <param name="IsTrusted">Whether it is the framework's or this library's.</param>
internal sealed record DirectRoomOwner(Type Type, int Bytes, bool IsTrusted)
{
    /// <summary>The class and its assembly, for a message.</summary>
    public override string ToString() => $"{Type} in {Type.Assembly.GetName().Name}";
}
