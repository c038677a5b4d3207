using System.Runtime.CompilerServices;

namespace GreenThreads;

/// <summary>
/// A value for each green thread, and for each OS thread that is none. A thread static stays with the stack, where the next green thread
/// finds it; this one ends with the green thread, and one that stores nothing pays nothing. Make few of them, static ones: what one has
/// stored is kept until its thread ends.
/// </summary>
/// <typeparam name="T">Of the value.</typeparam>
public sealed class GreenLocal<T>
{
    private readonly Func<T>? _create;
    private readonly bool _isInherited;

    /// <summary>Creates a place for a value.</summary>
    /// <param name="create">
    /// Makes the value of a thread that reads it before it has stored one, and is stored then; it may park. If null, that is the default
    /// value.
    /// </param>
    /// <param name="isInherited">
    /// Whether a green thread begins with the value that whoever spawns it has at that moment. The value itself is handed on, not a copy of
    /// what it refers to. What the runtime spawns for continuations of asynchronous code inherits nothing.
    /// </param>
    public GreenLocal(Func<T>? create = null, bool isInherited = false)
    {
        _create = create;
        _isInherited = isInherited;
        if (isInherited)
            LocalValue.IsAnyInherited = true;
    }

    /// <summary>The value of the calling thread.</summary>
    /// <exception cref="Exception">What the delegate threw that makes it; nothing is stored then.</exception>
    public T Value
    {
        get => Find() is { } value ? value.Value : Create();
        set
        {
            if (Find() is { } found)
                found.Value = value;
            else
                LocalValue.Add(ref LocalValue.OfCaller, new LocalValue<T>(this, _isInherited, value));
        }
    }

    /// <summary>Whether the calling thread has stored a value, or inherited one.</summary>
    public bool HasValue => Find() is not null;

    /// <summary>Forgets the value of the calling thread. Does nothing if there is none.</summary>
    public void Remove() => LocalValue.Remove(ref LocalValue.OfCaller, this);

    // SAFETY: only values of this type are stored under this object.
    private LocalValue<T>? Find() => Unsafe.As<LocalValue<T>>(LocalValue.Find(ref LocalValue.OfCaller, this));

    private T Create()
    {
        if (_create is null)
            return default!;
        T value = _create();
        Value = value; // It may have stored one itself.
        return value;
    }
}
