using System.Diagnostics.CodeAnalysis;

namespace GreenThreads;

/// <summary>What can happen to a watched file or directory, as inotify(7) tells it.</summary>
[Flags]
[SuppressMessage("Design", "CA1028", Justification = "They are the kernel's bits.")]
public enum GreenFileEvents : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>It was read, or executed.</summary>
    Accessed = 0x1,

    /// <summary>It was written to, or made shorter or longer.</summary>
    Modified = 0x2,

    /// <summary>Its permissions, times, owner or number of links have changed.</summary>
    AttributesChanged = 0x4,

    /// <summary>One who might write has closed it: the moment to read what was written.</summary>
    ClosedAfterWriting = 0x8,

    /// <summary>One who could not write has closed it.</summary>
    ClosedUnwritten = 0x10,

    /// <summary>It was opened.</summary>
    Opened = 0x20,

    /// <summary>A file of the directory has got another name or place; this is the old one. <see cref="GreenFileEvent.Cookie"/> names the partner.</summary>
    MovedFrom = 0x40,

    /// <summary>The same, with the new name.</summary>
    MovedTo = 0x80,

    /// <summary>A file or directory was made in the directory.</summary>
    Created = 0x100,

    /// <summary>One was deleted from the directory.</summary>
    Deleted = 0x200,

    /// <summary>What is watched itself was deleted.</summary>
    SelfDeleted = 0x400,

    /// <summary>What is watched itself has got another name or place. It goes on being watched.</summary>
    SelfMoved = 0x800,

    /// <summary>All that changes contents or names. What a watch tells unless asked otherwise.</summary>
    Changes = Modified | AttributesChanged | ClosedAfterWriting | MovedFrom | MovedTo | Created | Deleted | SelfDeleted | SelfMoved,

    /// <summary>Everything that can be asked for.</summary>
    All = Changes | Accessed | ClosedUnwritten | Opened,

    /// <summary>Told without being asked for: the file system was unmounted.</summary>
    Unmounted = 0x2000,

    /// <summary>Told without being asked for: nobody took the events for too long, and some are lost. Whoever relies on them has to look at the files anew.</summary>
    Overflow = 0x4000,

    /// <summary>Told without being asked for: the last event of a watch, which was removed, or what it watched is gone.</summary>
    WatchEnded = 0x8000,

    /// <summary>Told beside others: it happened to a directory.</summary>
    IsDirectory = 0x40000000,
}
