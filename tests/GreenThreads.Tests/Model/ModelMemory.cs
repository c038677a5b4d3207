using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary>What a variable behind the seam holds: a number or a green thread.</summary>
internal readonly struct ModelValue
{
    internal ModelValue(int number) => Number = number;

    internal ModelValue(GreenThread? reference) => Reference = reference;

    internal int Number { get; }

    internal GreenThread? Reference { get; }
}

// What all model threads see: one cell for each variable, apart from the variable itself. Store buffers hold cells, not variables, so nothing here
// keeps an address over a step, and the collector may move the objects as it likes.
//
// Which cell: the objects of a world are registered, in the same order each time, and a variable is known by the distance from its object's first
// byte. The distance is taken between two managed references in one subtraction; the collector keeps both right up to there, so for the object that
// the variable lies in it is the true one, and for any other it is none within that object, as objects do not overlap.
// Rejected: addresses in a region without collections (GC.TryStartNoGCRegion): limited in size, which a million worlds exceed, and anybody else in
// the process may end it.
internal sealed class ModelMemory
{
    private readonly List<Region> _regions = [];
    private Cell[] _cells = new Cell[256];
    private int _cellCount;
    private int _world;

    /// <summary>Forgets the objects of the last world.</summary>
    internal void Clear()
    {
        _regions.Clear();
        _cellCount = 0;
        _world++;
    }

    /// <summary>Makes the fields and arrays of an object known. Strangers among them (other references, other types) are left out.</summary>
    /// <returns>Its cells.</returns>
    internal Range Register(string name, object value)
    {
        int first = _cellCount;
        ModelLayout layout = ModelLayout.Of(value.GetType());
        AddRegion(name, value, value, layout.Size);
        foreach (FieldInfo field in layout.Arrays)
        {
            var array = (Array)field.GetValue(value)!;
            AddRegion($"{name}.{field.Name}", value, array, array.Length * ModelLayout.ElementSizeOf(array.GetType()));
        }
        return first.._cellCount;
    }

    /// <summary>The cell of a variable, with what the variable holds if nobody has touched it in this world.</summary>
    internal int Locate(ref byte location, ModelValue current)
    {
        foreach (ref Region region in CollectionsMarshal.AsSpan(_regions))
        {
            nint offset = Unsafe.ByteOffset(ref FirstByteOf(region), ref location);
            if ((nuint)offset >= (nuint)region.Size)
                continue;
            int index = region.FirstCell + ((int)offset >> 2);
            ref Cell cell = ref _cells[index];
            if (cell.World != _world)
            {
                cell.World = _world;
                cell.Value = current;
            }
            return index;
        }
        throw new InvalidOperationException("a variable of no registered object: call ModelMachine.Register when the world is made");
    }

    internal ref ModelValue this[int cell] => ref _cells[cell].Value;

    /// <summary>Whether an array of a registered object holds a green thread, as all see it.</summary>
    internal bool HoldsAny(object owner)
    {
        foreach (ref Region region in CollectionsMarshal.AsSpan(_regions))
        {
            for (int i = 0; region.Owner == owner && region.IsArray && i < region.Size; i += sizeof(int))
            {
                Cell cell = _cells[region.FirstCell + (i >> 2)];
                if (cell.World == _world && cell.Value.Reference is not null)
                    return true;
            }
        }
        return false;
    }

    /// <summary>For people.</summary>
    internal string NameOf(int cell)
    {
        Region region = _regions.Last(region => region.FirstCell <= cell);
        int offset = (cell - region.FirstCell) << 2;
        return region.IsArray
            ? $"{region.Name}[{offset / ModelLayout.ElementSizeOf(region.Object.GetType())}]"
            : $"{region.Name}.{ModelLayout.Of(region.Object.GetType()).NameAt(offset)}";
    }

    private void AddRegion(string name, object owner, object value, int size)
    {
        _regions.Add(new Region { Name = name, Owner = owner, Object = value, IsArray = value is Array, Size = size, FirstCell = _cellCount });
        _cellCount += (size + 3) >> 2;
        if (_cellCount > _cells.Length)
            Array.Resize(ref _cells, Math.Max(_cellCount, 2 * _cells.Length));
    }

    // SAFETY: a reference to the first byte behind the object's header or the array's length, which every object has (padding at least).
    private static ref byte FirstByteOf(in Region region) => ref region.IsArray
        ? ref MemoryMarshal.GetArrayDataReference(Unsafe.As<Array>(region.Object))
        : ref ModelLayout.FirstByteOf(region.Object);

    private struct Region
    {
        internal string Name;
        internal object Owner;
        internal object Object;
        internal bool IsArray;
        internal int Size;
        internal int FirstCell;
    }

    private struct Cell
    {
        internal int World;
        internal ModelValue Value;
    }
}
