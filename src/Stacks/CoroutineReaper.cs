namespace GreenThreads;

// Ends coroutines that nobody needs, on an OS thread that exists for nothing else (ThreadEnd.cs says how).
//
// The runtime frees what was ended on its finalizer thread, under the ThreadStore lock, which every collection needs: one pass over all Threads for each
// batch, and for each one of the batch a search from the oldest Thread on (a singly linked list). So it goes by batches, and waits for the finalizer
// thread after each: large enough that the passes do not add up, small enough that one holds the lock for less time than a collection of so many takes.
internal static unsafe class CoroutineReaper
{
    private const int SmallestBatch = 64;
    private const int LargestBatch = 1024;
    private const int Batches = 64;

    private static readonly Lazy<(ThreadEnd? End, string Reason)> s_examination = new(Examine);

    [ThreadStatic]
    private static string? t_reference;

    /// <summary>Whether CLR Threads can be given back; if not, idle coroutines rest to the end of the process. The first call examines the runtime.</summary>
    internal static bool IsAvailable => s_examination.Value.End is not null;

    internal static string Describe() => IsAvailable ? "given back on demand" : $"kept: {s_examination.Value.Reason}";

    /// <summary>Ends coroutines that rest, and lets the runtime free them. Blocks the calling OS thread.</summary>
    /// <returns>How many, from the first on. Fewer than all only if the runtime stopped to take them.</returns>
    internal static int End(IReadOnlyList<Coroutine> coroutines)
    {
        ThreadEnd end = s_examination.Value.End ?? throw new InvalidOperationException("CLR Threads cannot be given back on this runtime");
        int ended = ProbeThread.Run(() => OnCarrier(carrier => EndAll(coroutines, carrier, end)));
        // Threads are small pieces between others, from which the C library gives no page back by itself.
        _ = Interop.malloc_trim(0);
        return ended;
    }

    private delegate int CarrierBody(Carrier* carrier);

    private static int OnCarrier(CarrierBody body)
    {
        Carrier* carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
        try
        {
            return body(carrier);
        }
        finally
        {
            Carrier.Release(carrier);
        }
    }

    private static int EndAll(IReadOnlyList<Coroutine> coroutines, Carrier* carrier, ThreadEnd end)
    {
        int ended = 0;
        while (ended < coroutines.Count)
        {
            int batch = Math.Clamp((coroutines.Count - ended) / Batches, SmallestBatch, LargestBatch);
            int last = Math.Min(ended + batch, coroutines.Count);
            for (; ended < last; ended++)
            {
                if (!coroutines[ended].TryEnd(carrier, end))
                    return ended;
            }
            GC.WaitForPendingFinalizers();
        }
        return ended;
    }

    private static (ThreadEnd? End, string Reason) Examine()
    {
        if (GreenRuntime.Mode == GreenRuntimeMode.Bound)
            return (null, "bound mode");
        try
        {
            ThreadEnd end = ThreadEnd.Find(ClrRuntime.Module);
            ProbeThread.Run(() => OnCarrier(carrier => SelfTest(carrier, end)));
            return (end, "");
        }
        catch (Exception exception) when (exception is RuntimeUnsupportedException or SystemCallException or GreenThreadLimitException or IOException
            or EntryPointNotFoundException)
        {
            return (null, exception.Message);
        }
    }

    // One coroutine with thread statics, and thread statics of the carrier's own that must be there afterwards.
    private static int SelfTest(Carrier* carrier, ThreadEnd end)
    {
        int id = Environment.CurrentManagedThreadId;
        t_reference = "of the carrier";
        Coroutine coroutine = Coroutine.Create(carrier);
        coroutine.Start(static () => t_reference = new string('x', 100));
        coroutine.Resume(carrier);
        coroutine.ForgetCarrier();
        if (!coroutine.TryEnd(carrier, end))
            throw new RuntimeUnsupportedException("the runtime's destructor did not end the current Thread");
        GC.Collect(0);
        if (t_reference != "of the carrier" || Environment.CurrentManagedThreadId != id || *carrier->MapValue != carrier->Thread)
            throw new RuntimeUnsupportedException("the carrier lost something of its own when a Thread was ended");
        return 1;
    }
}
