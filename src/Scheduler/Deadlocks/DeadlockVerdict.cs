namespace GreenThreads;

/// <summary>What a look at a group has shown.</summary>
internal enum DeadlockVerdict
{
    /// <summary>Somebody may go on by itself, or there is nobody.</summary>
    Alive,

    /// <summary>Nobody can go on by itself, but somebody else may come.</summary>
    HeldBack,

    /// <summary>Nobody can go on, as far as the group knows.</summary>
    Deadlocked,
}
