using System.Runtime.CompilerServices;
using System.Text;

namespace GreenThreads;

// The last step of verification at start: one coroutine parks on one OS thread, everything is compacted, and it goes on on another. Whatever
// was found wrongly shows here rather than under load.
internal static unsafe class SwitchSelfTest
{
    [ThreadStatic]
    private static string? t_reference;

    [ThreadStatic]
    private static int t_primitive;

    // System.Threading.Lock identifies threads in its own way, see LockThreadId.
    private static readonly Lock s_lock = new();

    /// <summary>Runs the test.</summary>
    /// <returns>The coroutine that was used, idle and good for further use.</returns>
    /// <exception cref="RuntimeUnsupportedException">Something was not what it must be.</exception>
    internal static Coroutine Run()
    {
        string failure = "the body did not end";
        void Body() => failure = Check(Coroutine.Current!);

        Coroutine coroutine = ProbeThread.Run(() => OnCarrier(carrier =>
        {
            Coroutine created = Coroutine.Create(carrier);
            created.Start(Body);
            created.Resume(carrier);
            if (s_lock.IsHeldByCurrentThread)
                throw new RuntimeUnsupportedException("the self-test of the switch failed: the carrier holds a lock of its coroutine");
            return created;
        }));
        coroutine.ForgetCarrier();
        Scatter();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        ProbeThread.Run(() => OnCarrier(carrier =>
        {
            while (!coroutine.IsIdle)
                coroutine.Resume(carrier);
            return coroutine;
        }));
        coroutine.ForgetCarrier();
        return failure.Length == 0 ? coroutine : throw new RuntimeUnsupportedException($"the self-test of the switch failed: {failure}");
    }

    private delegate Coroutine CarrierBody(Carrier* carrier);

    private static Coroutine OnCarrier(CarrierBody body)
    {
        int reference = Environment.CurrentManagedThreadId;
        t_reference = "of the carrier";
        Carrier* carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
        try
        {
            Coroutine coroutine = body(carrier);
            if (t_reference != "of the carrier" || Environment.CurrentManagedThreadId != reference)
                throw new RuntimeUnsupportedException("the self-test of the switch failed: the carrier lost its own thread statics");
            return coroutine;
        }
        finally
        {
            Carrier.Release(carrier);
        }
    }

    // Holes, so that the compaction has something to move.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Scatter()
    {
        var kept = new List<byte[]>();
        for (int i = 0; i < 2000; i++)
        {
            var bytes = new byte[100];
            if (i % 3 == 0)
                kept.Add(bytes);
        }
        GC.KeepAlive(kept);
    }

    // Runs on the coroutine's stack. Returns what was wrong, or nothing.
    private static string Check(Coroutine self)
    {
        if (t_reference is not null || t_primitive != 0)
            return "a new Thread has somebody else's thread statics";
        int id = Environment.CurrentManagedThreadId;
        t_reference = new StringBuilder("reference").Append(id).ToString();
        t_primitive = id;
        object[] objects = [new object(), "text" + id, new[] { id, id + 1 }];
        Span<int> onStack = stackalloc int[4];
        onStack.Fill(id);
        ref int interior = ref ((int[])objects[2])[1];
        if (self.HasNativeFrames)
            return "Thread.Frame is not the top in plain managed code";

        lock (s_lock)
        {
            self.Suspend();
            if (!s_lock.IsHeldByCurrentThread)
                return "a lock was lost";
        }

        if (Environment.CurrentManagedThreadId != id)
            return "the managed thread id changed";
        if (t_reference != "reference" + id || t_primitive != id)
            return "thread statics were lost";
        if ((string)objects[1] != "text" + id || interior != id + 1 || ((int[])objects[2])[0] != id || onStack[3] != id)
            return "objects on the stack were lost";

        try
        {
            throw new InvalidOperationException("expected");
        }
        catch (InvalidOperationException) when (id != 0)
        {
            self.Suspend();
            if (!self.HasNativeFrames)
                return "Thread.Frame is the top inside a catch block";
        }
        return Coroutine.Current == self ? "" : "the stack pointer does not lead to its coroutine";
    }
}
