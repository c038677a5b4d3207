namespace GreenThreads.Tests;

// The operations of the seam. While the world is made, and in its checks, no thread runs, and each acts at once.
internal sealed partial class ModelMachine
{
    internal ModelValue Read(ref byte location, ModelValue current)
    {
        int cell = BeginAccess(ref location, current, isWrite: false);
        if (_running is null || !_running.TryFindStore(cell, out ModelValue value))
            value = _memory[cell];
        if (Trace is not null)
            Note($"read {_memory.NameOf(cell)}: {TextOf(value)}");
        return value;
    }

    internal void Write(ref byte location, ModelValue current, ModelValue value)
    {
        int cell = BeginAccess(ref location, current, isWrite: true);
        if (_running is null)
            _memory[cell] = value;
        else
            _running.Store(cell, value);
        if (Trace is not null)
            Note($"write {_memory.NameOf(cell)} = {TextOf(value)}");
    }

    /// <summary>Begins an operation that no other thread comes in between of.</summary>
    /// <returns>The cell, for <see cref="ReadLocked"/> and <see cref="WriteLocked"/>.</returns>
    internal int BeginLocked(ref byte location, ModelValue current, string operation, bool drain)
    {
        int cell = BeginAccess(ref location, current, isWrite: true);
        if (drain)
            DrainOwn();
        if (Trace is not null)
            Note($"{operation} {_memory.NameOf(cell)}, which is {TextOf(_memory[cell])}");
        return cell;
    }

    internal ModelValue ReadLocked(int cell) => _memory[cell];

    internal void WriteLocked(int cell, ModelValue value)
    {
        if (Trace is not null)
            Note($"    {_memory.NameOf(cell)} is {TextOf(value)} now");
        _memory[cell] = value;
        CheckInvariant(cell);
    }

    /// <summary>Makes the running thread's stores visible. Nobody could see a difference if others came before it, so that is not tried.</summary>
    internal void Fence()
    {
        BeginStep(isVisible: false);
        DrainOwn();
        Note("fence");
    }

    private int BeginAccess(ref byte location, ModelValue current, bool isWrite)
    {
        int cell = _memory.Locate(ref location, current);
        LearnSharing(cell, isWrite);
        BeginStep(IsShared(cell));
        return cell;
    }

    private void DrainOwn()
    {
        while (_running is { StoreCount: > 0 } thread)
            thread.Drain(_memory);
    }

    private static string TextOf(ModelValue value) => value.Reference is null ? $"{value.Number}" : $"#{ModelItems.NumberOf(value.Reference)}";
}
