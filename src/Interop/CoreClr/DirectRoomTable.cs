using System.Reflection;

namespace GreenThreads;

// The runtime remembers which class has which part of the room for direct thread statics: an array of MethodTable pointers in libcoreclr's .bss,
// one for each byte of the room and of a word before it, set where a class's statics begin (g_pMethodTablesForDirectThreadLocalData in
// dotnet/runtime, src/coreclr/vm/threadstatics.cpp). Nothing publishes its address, but a class that we know to be in the room must be in it,
// and every class in it says at which offset it lies: the ThreadStaticsInfo before a MethodTable's auxiliary data, for which the contract
// descriptor has the offsets. So a place is only believed if all entries of the room agree with their classes. Only memory is read, no static
// is touched, nothing is run.
//
// To ask each field of each class for its address (ldsflda) was the other way: it runs static constructors, allocates, needs the metadata of
// all assemblies, and leaves bytes over that are nobody's, for the runtime fills no gaps.
//
// This runs once, early, with nothing compiled: plain arrays, because each generic method of another value type costs more than the search.
internal sealed unsafe class DirectRoomTable : IDisposable
{
    // TLSIndex: the kind in the highest byte (DirectOnThreadLocalData), then the offset as if from an array object, whose data begin after a header.
    private const int DirectKind = 2;
    private const int ArrayHeaderSize = 16;

    private readonly CoreClrModule _module;
    private readonly SelfMemory _memory = new();
    private readonly int _auxiliaryData;
    private readonly int _tlsIndex;

    private DirectRoomTable(CoreClrModule module)
    {
        _module = module;
        ContractDescriptor descriptor = ContractDescriptor.Read(module.Handle);
        _auxiliaryData = descriptor.OffsetOf("MethodTable", "AuxiliaryData");
        _tlsIndex = descriptor.OffsetOf("ThreadStaticsInfo", "NonGCTlsIndex") + descriptor.OffsetOf("TLSIndex", "TLSIndexRawIndex")
            - descriptor.SizeOf("ThreadStaticsInfo");
    }

    /// <summary>Which classes have a part of the room.</summary>
    /// <param name="module">The runtime.</param>
    /// <param name="placed">The MethodTables that this library placed, each at its offset in t_ThreadStatics; 0 elsewhere.</param>
    /// <returns>The same with all classes; null if this runtime keeps them in another way.</returns>
    internal static nint[]? Read(CoreClrModule module, nint[] placed)
    {
        try
        {
            using var table = new DirectRoomTable(module);
            return table.Find(placed);
        }
        catch (RuntimeUnsupportedException)
        {
            return null;
        }
    }

    private nint[]? Find(nint[] placed)
    {
        nint known = 0;
        for (int offset = 0; offset < placed.Length; offset++)
        {
            if (placed[offset] == 0)
                continue;
            known = placed[offset];
            if (DirectOffset(known) != offset)
                return null;
        }
        if (known == 0)
            known = KnownOfFramework();
        if (known == 0)
            return null;

        int knownOffset = DirectOffset(known);
        nint firstEntry = (ClrLayout.DirectRoomOffset - knownOffset) * sizeof(nint);
        nint afterLastEntry = (ClrLayout.ThreadStaticsSize - knownOffset) * sizeof(nint);
        nint[]? found = null;
        foreach ((nint start, nint end) in _module.WritableSegments)
        {
            // SAFETY: all that is read lies in a writable segment of libcoreclr, which stays mapped.
            for (nint word = Math.Max(start, start - firstEntry); word + afterLastEntry <= end; word += sizeof(nint))
            {
                if (*(nint*)word != known || ReadEntries((nint*)(word + firstEntry), placed) is not { } entries)
                    continue;
                if (found is not null)
                    return null;
                found = entries;
            }
        }
        return found;
    }

    // What to look for when others had all of the room before us: the class of the framework that has the word before the room to itself. To read
    // its field gives it its place if it has none yet; it has no static constructor and holds a null on a thread that waits for nothing.
    private nint KnownOfFramework()
    {
        Type? type = typeof(object).Assembly.GetType("System.Threading.ThreadBlockingInfo");
        FieldInfo? field = type?.GetField("t_first", BindingFlags.Static | BindingFlags.NonPublic);
        if (type is null || type.TypeInitializer is not null || field is null || !field.IsDefined(typeof(ThreadStaticAttribute), inherit: false))
            return 0;
        _ = field.GetValue(null);
        return DirectOffset(type.TypeHandle.Value) >= 0 ? type.TypeHandle.Value : 0;
    }

    private nint[]? ReadEntries(nint* first, nint[] placed)
    {
        var entries = new nint[ClrLayout.ThreadStaticsSize];
        for (int offset = ClrLayout.DirectRoomOffset; offset < entries.Length; offset++)
        {
            nint methodTable = Volatile.Read(ref first[offset - ClrLayout.DirectRoomOffset]);
            if ((methodTable != 0 && DirectOffset(methodTable) != offset) || (placed[offset] != 0 && placed[offset] != methodTable))
                return null;
            entries[offset] = methodTable;
        }
        return entries;
    }

    // Where in t_ThreadStatics a class's primitive thread statics begin, by what its MethodTable says; -1 if they are elsewhere or it is none.
    private int DirectOffset(nint methodTable)
    {
        if (!_memory.TryRead(methodTable + _auxiliaryData, out nint auxiliary) || !_memory.TryRead(auxiliary + _tlsIndex, out int index))
            return -1;
        int offset = (index & 0xffffff) + ArrayHeaderSize;
        return index >> 24 == DirectKind && offset < ClrLayout.ThreadStaticsSize ? offset : -1;
    }

    public void Dispose() => _memory.Dispose();
}
