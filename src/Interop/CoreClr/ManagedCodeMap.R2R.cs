namespace GreenThreads;

// Code that came compiled in an image (ReadyToRun): the framework's, and that of applications published so. Its runtime functions are sorted by
// address; a hash table of the runtime leads from the first address of a method to its MethodDesc. A funclet is not in that table: it follows
// the method that it belongs to.
internal sealed partial class ManagedCodeMap
{
    private ManagedCode FindInImage(nint module, nint imageBase, nint address)
    {
        nint info = Pointer(module + layout.ModuleR2RInfo);
        nint table = Pointer(info + layout.R2RFunctions);
        nint count = (nint)memory.ReadOrDefault<uint>(info + layout.R2RFunctionCount);

        // Images with code split into hot and cold parts have a further table. The framework's have none; of others nothing is said.
        if (table == 0 || count == 0 || memory.ReadOrDefault<uint>(info + layout.R2RHotColdCount) != 0)
            return default;

        nint low = 0;
        for (nint high = count; high - low > 1;)
        {
            nint middle = low + (high - low) / 2;
            if (address < RuntimeFunction(table, middle, imageBase).Begin)
                high = middle;
            else
                low = middle;
        }
        (nint begin, nint end, nint unwind) = RuntimeFunction(table, low, imageBase);
        if (address < begin || address >= end)
            return default;

        // A composite image has one table of methods for all of its modules.
        nint map = Pointer(info + layout.R2RComposite) + layout.R2REntryPoints;
        for (nint i = low; i >= 0 && low - i < MaximumFunclets; i--)
        {
            nint method = FindMethodDesc(map, RuntimeFunction(table, i, imageBase).Begin);
            if (method != 0)
                return new ManagedCode(method, begin, end, unwind, IsFunclet: i != low);
        }
        return default;
    }

    // HashMap of the runtime (vm/hash.cpp): open addressing over buckets of four keys and four values; the first bucket holds the size. A value
    // is stored shifted right by one, its highest bit says that the search goes on in another bucket.
    private nint FindMethodDesc(nint map, nint entryPoint)
    {
        nint buckets = Pointer(map + layout.MapBuckets);
        uint size = memory.ReadOrDefault<uint>(buckets);
        if (size < 2)
            return 0;
        uint seed = (uint)((ulong)entryPoint >> 2);
        uint increment = 1 + ((uint)((ulong)entryPoint >> 5) + 1) % (size - 1);
        for (uint i = 0; i < size; i++, seed += increment)
        {
            nint bucket = buckets + layout.BucketSize * (nint)(1 + seed % size);
            for (int slot = 0; slot < layout.BucketSlots; slot++)
            {
                if (Pointer(bucket + layout.BucketKeys + slot * sizeof(long)) == entryPoint)
                    return (Pointer(bucket + layout.BucketValues + slot * sizeof(long)) & layout.MapValueMask) << 1;
            }
            if ((Pointer(bucket + layout.BucketValues) & ~layout.MapValueMask) == 0)
                return 0;
        }
        return 0;
    }
}
