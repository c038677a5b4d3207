namespace GreenThreads;

// Who ends takes its own name out (Entry.Wake). Others may see the end a moment earlier than that, so one that has ended counts as not registered everywhere.

/// <summary>
/// Names of green threads and processes. One name stands for one at a time; the end of a green thread takes its names out. There is one for the whole process,
/// whatever the scheduler groups (<see cref="Shared"/>), and a program or a test may have as many of its own. All members may be used from any thread; none parks.
/// </summary>
public sealed class GreenRegistry
{
    // Guards the dictionary. Held under the gate of a green thread that ends, so nothing else is locked in it.
    private readonly NoParkLock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>The one of the whole process.</summary>
    public static GreenRegistry Shared { get; } = new();

    /// <summary>The names that stand for somebody at this moment, in no order.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            using (_lock.Enter())
                return [.. _entries.Values.Where(static entry => !entry.HasEnded).Select(static entry => entry.Name)];
        }
    }

    /// <summary>How many entries there are, ended ones too. For tests.</summary>
    internal int EntryCount
    {
        get
        {
            using (_lock.Enter())
                return _entries.Count;
        }
    }

    /// <summary>Gives a name to a green thread.</summary>
    /// <param name="name">The name; upper and lower case are different.</param>
    /// <param name="thread">Whom it stands for.</param>
    /// <exception cref="ArgumentException">There is no name.</exception>
    /// <exception cref="ArgumentNullException">There is no name or no green thread.</exception>
    /// <exception cref="InvalidOperationException">The name stands for somebody already, or the green thread has ended.</exception>
    public void Register(string name, GreenThread thread) => Register(name, thread, process: null);

    /// <summary>Gives a name to a process.</summary>
    /// <param name="name">The name; upper and lower case are different.</param>
    /// <param name="process">Whom it stands for.</param>
    /// <typeparam name="T">The type of its messages.</typeparam>
    /// <exception cref="ArgumentException">There is no name.</exception>
    /// <exception cref="ArgumentNullException">There is no name or no process.</exception>
    /// <exception cref="InvalidOperationException">The name stands for somebody already, or the process has ended.</exception>
    public void Register<T>(string name, GreenProcess<T> process)
    {
        ArgumentNullException.ThrowIfNull(process);
        process.Mailbox.NoteUnknownHolders();
        Register(name, process.Thread, process);
    }

    /// <summary>Who has a name.</summary>
    /// <param name="name">The name.</param>
    /// <returns>Null if nobody has it.</returns>
    /// <exception cref="ArgumentNullException">There is no name.</exception>
    public GreenThread? Find(string name) => FindEntry(name)?.Thread;

    /// <summary>The process that has a name.</summary>
    /// <param name="name">The name.</param>
    /// <typeparam name="T">The type of its messages.</typeparam>
    /// <returns>Null if nobody has it, or it is no process with messages of this type.</returns>
    /// <exception cref="ArgumentNullException">There is no name.</exception>
    public GreenProcess<T>? Find<T>(string name) => FindEntry(name)?.Process as GreenProcess<T>;

    /// <summary>Takes a name away. Does nothing to whoever has it.</summary>
    /// <param name="name">The name.</param>
    /// <returns>False if nobody had it.</returns>
    /// <exception cref="ArgumentNullException">There is no name.</exception>
    public bool Unregister(string name)
    {
        Entry? entry;
        using (_lock.Enter())
            _entries.Remove(name, out entry);
        return entry is not null && entry.Thread.TryRemoveJoiner(entry);
    }

    private Entry? FindEntry(string name)
    {
        using (_lock.Enter())
            return _entries.GetValueOrDefault(name) is { HasEnded: false } entry ? entry : null;
    }

    private void Register(string name, GreenThread thread, object? process)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(thread);
        var entry = new Entry(this, name, thread, process);
        // Among the joiners first: an end that comes before the entry is in the dictionary is seen in there. It has no effect on another's entry.
        if (!thread.TryAddJoiner(entry))
            throw new InvalidOperationException($"{thread} cannot be registered as \"{name}\": it has ended");
        GreenThread? holder = null;
        using (_lock.Enter())
        {
            if (_entries.TryGetValue(name, out Entry? other) && !other.HasEnded)
                holder = other.Thread;
            else
                _entries[name] = entry;
        }
        if (holder is null)
        {
            if (entry.HasEnded)
                Remove(entry); // Its own end may have looked before the entry was there.
            return;
        }
        thread.TryRemoveJoiner(entry);
        throw new InvalidOperationException($"the name \"{name}\" stands for {holder} already");
    }

    private void Remove(Entry entry)
    {
        using (_lock.Enter())
        {
            if (_entries.GetValueOrDefault(entry.Name) == entry)
                _entries.Remove(entry.Name);
        }
    }

    private sealed class Entry(GreenRegistry registry, string name, GreenThread thread, object? process) : WaitNode
    {
        internal string Name => name;

        internal GreenThread Thread => thread;

        internal object? Process => process;

        internal bool HasEnded => thread.State == GreenThreadState.Ended;

        internal override void Wake() => registry.Remove(this);
    }
}
