namespace GreenThreads;

// Finds the managed code that an address lies in, as the runtime does it for stack walks, but reading only what does not fault: the structures
// may change or go away meanwhile, and a read that fails or makes no sense ends in "no managed code". Not thread-safe.
//
// The address space is a tree of five levels of 256 entries; the lowest covers 128 KB each and leads to a list of fragments, and they to the
// range of code: a heap of compiled methods, which has a map from address to method start, or a ReadyToRun image (ManagedCodeMap.R2R.cs).
// The rules are in dotnet/runtime, docs/design/datacontracts/ExecutionManager.md.
internal sealed partial class ManagedCodeMap(ManagedCodeLayout layout, PageCache memory)
{
    private const int Levels = 5;
    private const int BitsPerLevel = 8;
    private const int ChunkBits = 17;

    // The runtime keeps a flag (the range may be unloaded) in the lowest bit of pointers inside the tree.
    private const nint PointerFlag = 1;

    private const int CodeHeapFlag = 2;
    private const int RangeListFlag = 4;

    // Guesses against endless loops in damaged lists; a method has a funclet for each of its handlers.
    private const int MaximumFragments = 4096;
    private const uint MaximumFunclets = 4096;

    // RUNTIME_FUNCTION on x64: begin, end, unwind data, each relative to the begin of the range.
    private const int RuntimeFunctionSize = 12;

    internal ManagedCode Find(nint address)
    {
        nint section = FindSection(address);
        if (section == 0 || Pointer(section + layout.SectionNextForDelete) != 0)
            return default;
        int flags = memory.ReadOrDefault<int>(section + layout.SectionFlags);
        nint begin = Pointer(section + layout.SectionBegin);
        nint module = Pointer(section + layout.SectionR2RModule);
        if (module != 0)
            return FindInImage(module, begin, address);
        return (flags & CodeHeapFlag) != 0 && (flags & RangeListFlag) == 0 ? FindInHeap(Pointer(section + layout.SectionHeap), begin, address) : default;
    }

    private nint FindSection(nint address)
    {
        nint level = layout.RangeSectionMap;
        for (int i = Levels - 1; i >= 0 && level != 0; i--)
        {
            int index = (int)(address >> (ChunkBits + i * BitsPerLevel)) & ((1 << BitsPerLevel) - 1);
            level = Pointer(level + index * sizeof(long)) & ~PointerFlag;
        }

        nint fragment = level;
        for (int i = 0; fragment != 0 && i < MaximumFragments; i++)
        {
            if (address >= Pointer(fragment + layout.FragmentBegin) && address < Pointer(fragment + layout.FragmentEnd))
                return Pointer(fragment + layout.FragmentSection);
            fragment = Pointer(fragment + layout.FragmentNext) & ~PointerFlag;
        }
        return 0;
    }

    private ManagedCode FindInHeap(nint heap, nint rangeBegin, nint address)
    {
        if (address < Pointer(heap + layout.HeapStart) || address >= Pointer(heap + layout.HeapEnd))
            return default;
        nint start = FindMethodStart(Pointer(heap + layout.HeapMapBase), Pointer(heap + layout.HeapHeaderMap), address);
        if (start == 0)
            return default;

        // The word before the code leads to its header; a small number there says which kind of stub it is instead.
        nint header = Pointer(start - sizeof(long));
        if (header <= layout.LastStubKind)
            return default;
        uint pieces = memory.ReadOrDefault<uint>(header + layout.HeaderUnwindCount);
        for (uint i = 0; i < pieces && i < MaximumFunclets; i++)
        {
            (nint begin, nint end, nint unwind) = RuntimeFunction(header + layout.HeaderUnwindInfos, (nint)i, rangeBegin);
            if (address >= begin && address < end)
                return new ManagedCode(Pointer(header + layout.HeaderMethodDesc), begin, end, unwind, IsFunclet: begin != start);
        }
        return default;
    }

    // The map has four bits for every 32 bytes, most significant first: 0, or 1 plus the place in words of the method that starts there. A unit of
    // 32 bits that a method covers wholly holds the place of its start instead, told by its lowest four bits, which are then above 8.
    private nint FindMethodStart(nint mapBase, nint map, nint address)
    {
        const int bucketBytes = 32;
        const int bucketsPerUnit = 8;
        const int unitBytes = bucketBytes * bucketsPerUnit;
        const uint nibbleMask = 15;

        nint delta = address - mapBase;
        if (map == 0 || mapBase == 0 || delta < 0)
            return 0;
        nint unit = delta / unitBytes;
        int bucket = (int)(delta / bucketBytes % bucketsPerUnit);
        uint highest = (uint)(delta % bucketBytes / sizeof(int)) + 1;
        for (nint last = Math.Max(unit - 1, 0); unit >= last; unit--)
        {
            uint bits = memory.ReadOrDefault<uint>(map + unit * sizeof(uint));
            if ((bits & nibbleMask) > bucketsPerUnit)
                return mapBase + (nint)(bits & ~nibbleMask) + (nint)((bits & nibbleMask) - bucketsPerUnit - 1) * sizeof(int);
            for (; bucket >= 0; bucket--)
            {
                uint nibble = (bits >> (4 * (bucketsPerUnit - 1 - bucket))) & nibbleMask;
                if (nibble != 0 && nibble <= highest)
                    return mapBase + unit * unitBytes + bucket * bucketBytes + (nint)(nibble - 1) * sizeof(int);
                highest = nibbleMask;
            }
            bucket = bucketsPerUnit - 1;
        }
        return 0;
    }

    private (nint Begin, nint End, nint Unwind) RuntimeFunction(nint table, nint index, nint rangeBegin)
    {
        nint function = table + index * RuntimeFunctionSize;
        return (rangeBegin + (nint)memory.ReadOrDefault<uint>(function), rangeBegin + (nint)memory.ReadOrDefault<uint>(function + 4),
            rangeBegin + (nint)memory.ReadOrDefault<uint>(function + 8));
    }

    private nint Pointer(nint address) => memory.ReadOrDefault<nint>(address);
}
