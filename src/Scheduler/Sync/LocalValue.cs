namespace GreenThreads;

// The values of one green thread, or of one OS thread, linked: only it itself touches them. There are few on any, and one who has none has
// nothing, so a hundred thousand green threads pay for what they store: one object each. One that is found moves to the front, where it is
// found at once the next time.
//
// Rejected: an array with a place for each GreenLocal, as ThreadLocal has. A green thread that uses one of a thousand would have a thousand
// places.

/// <summary>What a <see cref="GreenLocal{T}"/> has stored for one thread.</summary>
internal abstract class LocalValue
{
    [ThreadStatic]
    private static LocalValue? t_ofOsThread;

    private static volatile bool s_isAnyInherited;

    private readonly object _owner;
    private readonly bool _isInherited;
    private LocalValue? _next;

    private protected LocalValue(object owner, bool isInherited)
    {
        _owner = owner;
        _isInherited = isInherited;
    }

    /// <summary>Where the caller's values begin. Until it parks or spawns.</summary>
    internal static ref LocalValue? OfCaller
    {
        get
        {
            GreenThread? self = GreenThread.Current;
            if (self is not null)
                return ref self.Locals;
            return ref t_ofOsThread;
        }
    }

    /// <summary>Whether any is inherited by green threads that are spawned, and they have to look. Stays so.</summary>
    internal static bool IsAnyInherited
    {
        get => s_isAnyInherited;
        set => s_isAnyInherited = value;
    }

    /// <summary>The value that one has stored, which is the first then; null if it has not.</summary>
    internal static LocalValue? Find(ref LocalValue? first, object owner)
    {
        LocalValue? before = null;
        for (LocalValue? value = first; value is not null; before = value, value = value._next)
        {
            if (value._owner != owner)
                continue;
            if (before is not null)
            {
                before._next = value._next;
                value._next = first;
                first = value;
            }
            return value;
        }
        return null;
    }

    /// <summary>Puts a value before the others. Its owner has none here.</summary>
    internal static void Add(ref LocalValue? first, LocalValue value)
    {
        value._next = first;
        first = value;
    }

    /// <summary>Forgets what one has stored.</summary>
    internal static void Remove(ref LocalValue? first, object owner)
    {
        if (Find(ref first, owner) is not { } value)
            return;
        first = value._next;
        value._next = null;
    }

    /// <summary>The same value, for another thread, which inherits it.</summary>
    private protected abstract LocalValue Copy(object owner);

    /// <summary>What a green thread that the caller spawns begins with.</summary>
    internal static LocalValue? Inherited()
    {
        LocalValue? inherited = null;
        for (LocalValue? value = OfCaller; value is not null; value = value._next)
        {
            if (value._isInherited)
                Add(ref inherited, value.Copy(value._owner));
        }
        return inherited;
    }
}

/// <inheritdoc cref="LocalValue"/>
internal sealed class LocalValue<T>(object owner, bool isInherited, T value) : LocalValue(owner, isInherited)
{
    internal T Value { get; set; } = value;

    private protected override LocalValue Copy(object owner) => new LocalValue<T>(owner, isInherited: true, Value);
}
