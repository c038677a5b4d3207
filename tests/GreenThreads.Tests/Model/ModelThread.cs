namespace GreenThreads.Tests;

/// <summary>A thread of the model machine, with its store buffer.</summary>
internal sealed class ModelThread
{
    private readonly List<BufferedStore> _stores = [];

    internal ModelThread(int index, string name, bool mayRest, Action body)
    {
        Index = index;
        Name = name;
        MayRest = mayRest;
        Body = body;
    }

    internal int Index { get; }

    internal string Name { get; }

    /// <summary>Whether the world may come to rest while this one waits.</summary>
    internal bool MayRest { get; }

    internal Action Body { get; }

    internal Coroutine? Coroutine { get; set; }

    internal bool IsDone { get; set; }

    /// <summary>It was chosen for its next step, before it got there.</summary>
    internal bool IsChosen { get; set; }

    /// <summary>What it waits for; null if it can go on.</summary>
    internal Func<bool>? Condition { get; set; }

    internal string? WaitsFor { get; set; }

    internal bool CanGoOn => !IsDone && (Condition is null || Condition());

    internal int StoreCount => _stores.Count;

    internal void Store(int cell, ModelValue value) => _stores.Add(new BufferedStore(cell, value));

    internal bool TryFindStore(int cell, out ModelValue value)
    {
        for (int i = _stores.Count - 1; i >= 0; i--)
        {
            if (_stores[i].Cell == cell)
            {
                value = _stores[i].Value;
                return true;
            }
        }
        value = default;
        return false;
    }

    /// <summary>Whether the stores to the same variable are all younger.</summary>
    internal bool IsOldestOfItsCell(int index)
    {
        for (int i = 0; i < index; i++)
        {
            if (_stores[i].Cell == _stores[index].Cell)
                return false;
        }
        return true;
    }

    internal int CellOfStore(int index) => _stores[index].Cell;

    /// <summary>Makes a store visible to all.</summary>
    internal void Drain(ModelMemory memory, int index = 0)
    {
        memory[_stores[index].Cell] = _stores[index].Value;
        _stores.RemoveAt(index);
    }

    private readonly record struct BufferedStore(int Cell, ModelValue Value);
}
