using System.Runtime.InteropServices;

namespace GreenThreads;

// Finds the layout from what is known for certain about the calling OS thread: its OS id, its managed id, its stack, and that it runs managed
// code. Runs on a plain thread made for it (never on the process's main thread, whose stack bounds come from /proc/self/maps), twice: the
// second thread must find the same, so a value that was equal by chance is not believed.
internal sealed unsafe class ClrLayoutProbe : IDisposable
{
    // Thread is below 1 KB on 10.0; the fields that we look for by shape all lie in its first part.
    private const int SearchedThreadBytes = 512;

    private readonly CoreClrModule _module;
    private readonly ContractDescriptor _descriptor;
    private readonly SelfMemory _memory = new();

    private ClrLayoutProbe(CoreClrModule module)
    {
        _module = module;
        _descriptor = ContractDescriptor.Read(module.Handle);
    }

    /// <summary>Finds the layout of the running runtime.</summary>
    /// <exception cref="RuntimeUnsupportedException">Something is not where it must be.</exception>
    internal static ClrLayout Run(CoreClrModule module)
    {
        using var probe = new ClrLayoutProbe(module);
        ClrLayout first = ProbeThread.Run(probe.FindOnThisThread);
        ClrLayout second = ProbeThread.Run(probe.FindOnThisThread);
        if (first != second)
            throw new RuntimeUnsupportedException("two OS threads disagree about the layout of the runtime");

        if (ClrLayoutTable.TryFind(module.BuildId, out ClrLayoutTable.Entry known))
            return first with { HasPendingActivation = known.HasPendingActivation, PendingActivationSource = $"table, for {known.Version}" };
        return first with
        {
            HasPendingActivation = PendingActivationProbe.Run(first, module),
            PendingActivationSource = "probed with a blocked activation signal",
        };
    }

    private ClrLayout FindOnThisThread()
    {
        int osId = _descriptor.OffsetOf("Thread", "OSId");
        int threadId = _descriptor.OffsetOf("Thread", "Id");
        int threadLocalDataPtr = _descriptor.OffsetOf("Thread", "ThreadLocalDataPtr");
        int runtimeThreadLocals = _descriptor.OffsetOf("Thread", "RuntimeThreadLocals");
        int preemptiveGCDisabled = _descriptor.OffsetOf("Thread", "PreemptiveGCDisabled");
        CheckThreadLocalData();

        nint block = _module.GetTlsBlock();
        nint thread = FindThread(block, osId, threadId);

        nint statics = *(nint*)(thread + threadLocalDataPtr);
        if (statics < block || statics + ClrLayout.ThreadStaticsSize > block + _module.TlsSize)
            throw new RuntimeUnsupportedException("Thread.ThreadLocalDataPtr does not point into libcoreclr's thread-local block");
        nint locals = *(nint*)(thread + runtimeThreadLocals);
        if (locals < block || locals >= block + _module.TlsSize)
            throw new RuntimeUnsupportedException("Thread.RuntimeThreadLocals does not point into libcoreclr's thread-local block");
        if (*(int*)(thread + preemptiveGCDisabled) != 1)
            throw new RuntimeUnsupportedException("Thread.PreemptiveGCDisabled is not 1 in managed code");

        return new ClrLayout
        {
            BuildId = _module.BuildId,
            ThreadId = threadId,
            OSId = osId,
            PreemptiveGCDisabled = preemptiveGCDisabled,
            Frame = _descriptor.OffsetOf("Thread", "Frame"),
            RuntimeThreadLocals = runtimeThreadLocals,
            ThreadLocalDataPtr = threadLocalDataPtr,
            StackBounds = FindStackBounds(thread),
            ThreadHandle = FindThreadHandle(thread, osId),
            HasPendingActivation = 0,
            CurrentThreadSlot = FindCurrentThreadSlot(block, thread, statics),
            ThreadStatics = (int)(statics - block),
            ThreadMapHead = FindThreadMap(thread),
            PendingActivationSource = "",
        };
    }

    // The offsets of ThreadLocalData decide its size, which nothing publishes: a struct that starts otherwise may also end otherwise.
    private void CheckThreadLocalData()
    {
        (string Field, int Offset)[] expected =
        [
            ("NonCollectibleTlsDataCount", ClrLayout.NonCollectibleCountOffset), ("CollectibleTlsDataCount", ClrLayout.CollectibleCountOffset),
            ("NonCollectibleTlsArrayData", ClrLayout.NonCollectibleArrayOffset), ("CollectibleTlsArrayData", ClrLayout.CollectibleArrayOffset),
            ("InFlightData", ClrLayout.InFlightDataOffset),
        ];
        foreach ((string field, int offset) in expected)
        {
            if (_descriptor.OffsetOf("ThreadLocalData", field) != offset)
                throw new RuntimeUnsupportedException($"ThreadLocalData.{field} is not at {offset}");
        }
    }

    // The Thread of this OS thread is the object that a word of the thread-local block points to and that carries both of our ids.
    private nint FindThread(nint block, int osIdOffset, int threadIdOffset)
    {
        nint found = 0;
        for (nint word = block; word + sizeof(nint) <= block + _module.TlsSize; word += sizeof(nint))
        {
            nint candidate = *(nint*)word;
            if (_memory.TryRead(candidate + osIdOffset, out nint osId) && osId == Interop.gettid()
                && _memory.TryRead(candidate + threadIdOffset, out int id) && id == Environment.CurrentManagedThreadId)
            {
                if (found != 0 && found != candidate)
                    throw new RuntimeUnsupportedException("more than one object looks like the current Thread");
                found = candidate;
            }
        }
        return found != 0 ? found : throw new RuntimeUnsupportedException("no object looks like the current Thread");
    }

    private int FindCurrentThreadSlot(nint block, nint thread, nint statics)
    {
        int found = -1;
        for (int offset = 0; offset + sizeof(nint) <= _module.TlsSize; offset += sizeof(nint))
        {
            nint word = block + offset;
            bool inStatics = word >= statics && word < statics + ClrLayout.ThreadStaticsSize;
            if (inStatics || *(nint*)word != thread)
                continue;
            if (found >= 0)
                throw new RuntimeUnsupportedException("more than one thread-local word holds the current Thread");
            found = offset;
        }
        return found >= 0 ? found : throw new RuntimeUnsupportedException("no thread-local word holds the current Thread");
    }

    private static int FindStackBounds(nint thread)
    {
        (nint limit, nint @base) = Interop.GetStackBounds();
        for (int offset = 0; offset < SearchedThreadBytes; offset += sizeof(nint))
        {
            var words = (nint*)(thread + offset);
            if (words[0] == @base && words[1] == limit
                && words[2] == limit + ClrLayout.SufficientStackMargin && words[3] == limit + ClrLayout.NonRiskyStackMargin)
                return offset;
        }
        throw new RuntimeUnsupportedException("the Thread does not hold its stack bounds in the expected shape");
    }

    private static int FindThreadHandle(nint thread, int osIdOffset)
    {
        var words = (nint*)(thread + osIdOffset - 4 * sizeof(nint));
        if (words[0] is 0 or -1 || words[1] != -1 || words[2] != -1 || (int)words[3] != 1)
            throw new RuntimeUnsupportedException("the Thread does not hold its handle in the expected shape");
        return osIdOffset - 4 * sizeof(nint);
    }

    // Any pointer to memory shortly before the real table sees our entry too, only further from its own slot: the nearest is the real one.
    private nint FindThreadMap(nint thread)
    {
        nint found = 0;
        int nearest = int.MaxValue;
        var segment = new nint[ClrThreadMap.SegmentBytes / sizeof(nint)];
        foreach ((nint start, nint end) in _module.WritableSegments)
        {
            for (nint word = start; word + sizeof(nint) <= end; word += sizeof(nint))
            {
                nint candidate = *(nint*)word;
                if (candidate < Environment.SystemPageSize || candidate % sizeof(nint) != 0)
                    continue;
                int distance = DistanceFromOwnSlot(candidate, thread, segment);
                if (distance == nearest && distance != int.MaxValue)
                    throw new RuntimeUnsupportedException("more than one table looks like the signal-safe thread map");
                if (distance < nearest)
                    (found, nearest) = (word, distance);
            }
        }
        return found != 0 ? found : throw new RuntimeUnsupportedException("no table looks like the signal-safe thread map");
    }

    // Follows the segments as the runtime does: this OS thread's entry may be in a later one.
    private int DistanceFromOwnSlot(nint candidate, nint thread, nint[] segment)
    {
        const int maximumSegments = 64;
        int tid = Interop.gettid();
        for (int segments = 0; candidate != 0 && segments < maximumSegments; segments++)
        {
            if (!_memory.TryRead(candidate, MemoryMarshal.AsBytes(segment.AsSpan())))
                break;
            for (int i = 0; i < ClrThreadMap.SegmentEntries; i++)
            {
                int index = (tid + i) % ClrThreadMap.SegmentEntries;
                if (segment[2 * index] == tid && segment[2 * index + 1] == thread)
                    return segments * ClrThreadMap.SegmentEntries + i;
            }
            candidate = segment[2 * ClrThreadMap.SegmentEntries];
        }
        return int.MaxValue;
    }

    public void Dispose() => _memory.Dispose();
}
