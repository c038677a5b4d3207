namespace GreenThreads;

// The runtime's map from OS thread id to Thread that its activation signal handler reads (it must not touch thread-local storage there, which
// may not be allocated yet). Lock-free, insert-only segments: {OS thread id, Thread*} in slot id % 256, linear probing, a link to the next
// segment behind the entries; an entry is free when its id is 0 (dotnet/runtime, src/coreclr/vm/asyncsafethreadmap.cpp).
//
// An OS thread that carries green threads keeps the one entry that the runtime made for it and changes its value with every mount. The entry
// that the runtime adds when it makes a green thread's Thread under the same OS id is taken out at once: otherwise the segments fill up and
// each creation searches all of them, and a lookup could find the wrong Thread first.
internal static unsafe class ClrThreadMap
{
    internal const int SegmentEntries = 256;
    internal const int SegmentBytes = (2 * SegmentEntries + 1) * 8;

    /// <summary>The entry {OS thread id, Thread}, or null.</summary>
    internal static nint* FindEntry(nint head, nint osThreadId, nint thread)
    {
        // SAFETY: `head` was verified on two threads; segments are never freed, and every word is read or written whole.
        for (nint segment = Volatile.Read(ref *(nint*)head); segment != 0; segment = Volatile.Read(ref *(nint*)(segment + 16 * SegmentEntries)))
        {
            for (int i = 0; i < SegmentEntries; i++)
            {
                var entry = (nint*)(segment + 16 * ((osThreadId + i) % SegmentEntries));
                if (Volatile.Read(ref entry[0]) == osThreadId && Volatile.Read(ref entry[1]) == thread)
                    return entry;
            }
        }
        return null;
    }

    /// <summary>Frees the entry, value first, as the runtime does: a free entry is one without a key.</summary>
    internal static void Remove(nint* entry)
    {
        Volatile.Write(ref entry[1], 0);
        Volatile.Write(ref entry[0], 0);
    }
}
