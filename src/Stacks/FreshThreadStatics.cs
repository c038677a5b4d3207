using System.Runtime.CompilerServices;

namespace GreenThreads;

// Before the first promise of fresh thread statics: one coroutine uses some of every kind, forgets them, and looks, with compactions in between. The offsets
// that this needs are verified with all others (ClrLayoutProbe); this shows that the array is what we take it for, and its elements mean what we say.
internal static unsafe class FreshThreadStatics
{
    private const int Rounds = 3;

    private static readonly Lazy<string> s_failure = new(Test);
    private static Coroutine? s_spare;
    private static readonly Lock s_lock = new();
    private static readonly ThreadLocal<string> s_threadLocal = new();

    [ThreadStatic]
    private static string? t_reference;

    [ThreadStatic]
    private static int t_primitive;

    [ThreadStatic]
    private static (string? Reference, long Number) t_struct;

    // In a part of its own, without references.
    private static class Numbers<T>
    {
        [ThreadStatic]
        internal static long t_number;
    }

    /// <summary>Tests it, once in the process. Blocks the calling OS thread for some milliseconds.</summary>
    /// <exception cref="PlatformNotSupportedException">This runtime does not allow it.</exception>
    internal static void Verify()
    {
        if (s_failure.Value is { Length: > 0 } failure)
            throw new PlatformNotSupportedException($"FreshThreadStatics: {failure}");
    }

    /// <summary>The coroutine that the test used, idle and good for further use; null if somebody has it.</summary>
    internal static Coroutine? TakeSpare() => Interlocked.Exchange(ref s_spare, null);

    private static string Test()
    {
        try
        {
            return ProbeThread.Run(TestOnCarrier);
        }
        catch (Exception exception) when (exception is RuntimeUnsupportedException or SystemCallException or GreenThreadLimitException)
        {
            return exception.Message;
        }
    }

    private static string TestOnCarrier()
    {
        string failure = "the body did not end";
        t_reference = "of the carrier";
        Carrier* carrier = Carrier.Attach(ClrRuntime.Module, ClrRuntime.Layout);
        try
        {
            Coroutine coroutine = Coroutine.Create(carrier);
            coroutine.Start(() => failure = Check(Coroutine.Current!));
            while (!coroutine.IsIdle)
            {
                coroutine.Resume(carrier);
                Compact();
            }
            coroutine.ForgetCarrier();
            s_spare = coroutine;
            return failure.Length == 0 && t_reference != "of the carrier" ? "the carrier lost its thread statics" : failure;
        }
        finally
        {
            Carrier.Release(carrier);
        }
    }

    // On the coroutine's stack. Returns what was wrong, or nothing.
    private static string Check(Coroutine self)
    {
        int id = Environment.CurrentManagedThreadId;
        var thread = Thread.CurrentThread;
        for (int round = 1; round <= Rounds; round++)
        {
            if (!AreFresh())
                return "thread statics were not forgotten";
            Use(round);
            self.Suspend();
            if (!AreThose(round))
                return "thread statics were lost over a park";
            if (!self.CanForgetThreadStatics || !self.HasKnownThreadStatics)
                return "plain thread statics are not where they should be";
            lock (s_lock)
            {
                self.ForgetThreadStatics();
                Compact();
                if (!s_lock.IsHeldByCurrentThread)
                    return "a lock was lost";
            }
            if (Environment.CurrentManagedThreadId != id || Thread.CurrentThread != thread)
                return "the thread lost its identity";
        }
        return "";
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool AreFresh() =>
        t_reference is null && t_primitive == 0 && t_struct == default && Numbers<string>.t_number == 0 && Numbers<int>.t_number == 0 && !s_threadLocal.IsValueCreated;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Use(int round)
    {
        t_reference = $"of round {round}";
        t_primitive = round;
        t_struct = (t_reference, round);
        Numbers<string>.t_number = round;
        Numbers<int>.t_number = round;
        s_threadLocal.Value = t_reference;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool AreThose(int round) =>
        t_reference == $"of round {round}" && t_primitive == round && t_struct == (t_reference, round) && Numbers<string>.t_number == round
        && Numbers<int>.t_number == round && s_threadLocal.Value == t_reference;

    // All of this is young: the heap may be large by now.
    private static void Compact() => GC.Collect(1, GCCollectionMode.Forced, blocking: true, compacting: true);
}
