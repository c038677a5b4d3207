namespace GreenThreads;

/// <summary>
/// Computes a value once, whoever asks first, for green threads and OS threads: those who ask meanwhile wait for it (they park, or block
/// their OS thread if they are none). If the computation throws, that is thrown to who ran it, and the next one runs its own.
/// </summary>
/// <typeparam name="T">Of the value.</typeparam>
public sealed class GreenOnce<T>
{
    private readonly GreenOnce _once = new();

    // Written before it is done, read after.
    private T _value = default!;

    /// <summary>Whether the value is there.</summary>
    public bool IsDone => _once.IsDone;

    /// <summary>For people and tools; null if it was given none.</summary>
    public string? Name
    {
        get => _once.Name;
        set => _once.Name = value;
    }

    /// <summary>How many wait for the value at this moment. For people and tools.</summary>
    public int WaiterCount => _once.WaiterCount;

    /// <summary>The value; computed by the caller if it is not there yet and nobody else computes it, otherwise waited for.</summary>
    /// <param name="create">Computes it; may park.</param>
    /// <exception cref="ArgumentNullException">There is nothing to compute it by.</exception>
    /// <exception cref="LockRecursionException">The computation itself calls this.</exception>
    /// <exception cref="GreenThreadCanceledException">The green thread is cancelled and would have to wait.</exception>
    /// <exception cref="Exception">What the computation threw, if the caller ran it.</exception>
    public T Get(Func<T> create)
    {
        ArgumentNullException.ThrowIfNull(create);
        if (!_once.IsDone && _once.TryBegin())
        {
            bool isDone = false;
            try
            {
                _value = create();
                isDone = true;
            }
            finally
            {
                _once.End(isDone);
            }
        }
        return _value;
    }

    /// <summary>The value if it is there. Does not park.</summary>
    /// <param name="value">The value, or the default one.</param>
    /// <returns>Whether it is there.</returns>
    public bool TryGet(out T? value)
    {
        bool isDone = _once.IsDone;
        value = isDone ? _value : default;
        return isDone;
    }

    /// <summary>The kind and the name, or the kind and the number.</summary>
    public override string ToString() => $"{_once} of {typeof(T).Name}";
}
