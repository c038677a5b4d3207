using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads;

// Whoever spins until another thread has done something gives way between its looks: SpinWait, and with it nearly every primitive of the class library
// before it waits, calls Thread.Yield, Thread.Sleep(0) and Thread.Sleep(1). On a green thread that gave the OS thread away, and the one it looks out for
// may be a green thread that can run on no other: affine, since it yielded or parked in a contended lock. Then nobody came on any more.
// (Seen: CompleteAdding of a BlockingCollection runs a cancellation callback that wants a lock, and whoever leaves a Take waits, spinning without end,
// until that callback is over.) And where it was not a hang, it cost time slices of a loaded machine.
//
// So these two calls of the class library into the runtime get another function (RuntimeCall): on a green stack one of ours, which lets other green
// threads run, and elsewhere the runtime's own. Longer sleeps block as ever.
//
// Rejected: looking for others to run within the wait hook only (the spin comes before the wait, or instead of it); patching code.
internal static unsafe class SpinHook
{
    // What SpinWait sleeps.
    private const int LongestSleep = 1;

    private static delegate* unmanaged<int, void> s_sleep;
    private static delegate* unmanaged<int> s_yield;

    /// <summary>Why spinning green threads give their OS thread away; null if they let others run.</summary>
    internal static string? MissingReason { get; private set; } = "not asked for";

    /// <summary>From now on they let others run, if the runtime is as it is known to be. Once in the process.</summary>
    internal static void Install(StackArena arena)
    {
        try
        {
            RuntimeCall sleep = RuntimeCall.Find(ClrRuntime.Module, typeof(Thread), "SleepInternal", "ThreadNative_Sleep");
            RuntimeCall yield = RuntimeCall.Find(ClrRuntime.Module, typeof(Thread), "YieldInternal", "ThreadNative_YieldThread");
            s_sleep = (delegate* unmanaged<int, void>)sleep.Function;
            s_yield = (delegate* unmanaged<int>)yield.Function;
            nint length = arena.Region + (nint)arena.Capacity * arena.Stride - arena.Start;
            nint[] code = ExecutableCode.Publish(
                StackRedirectCode.For(arena.Start, length, sleep.Function, (nint)(delegate* unmanaged<int, void>)&OnSleep),
                StackRedirectCode.For(arena.Start, length, yield.Function, (nint)(delegate* unmanaged<int>)&OnYield));
            sleep.Replace(code[0]);
            yield.Replace(code[1]);
            MissingReason = null;
        }
        catch (RuntimeUnsupportedException exception)
        {
            MissingReason = exception.Message;
        }
    }

    // No leaf in the methods that native code enters: see ClrThread.OnCreated.
    [UnmanagedCallersOnly]
    private static void OnSleep(int milliseconds) => Sleep(milliseconds);

    [UnmanagedCallersOnly]
    private static int OnYield() => Yield();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Sleep(int milliseconds)
    {
        if (milliseconds == 0)
        {
            _ = Yield();
        }
        else if (milliseconds is < 0 or > LongestSleep || GreenThread.Current is not { } self || !GreenSynchronizationContext.MayPark(self))
        {
            s_sleep(milliseconds);
        }
        else
        {
            Deadline deadline = Deadline.AfterMilliseconds(milliseconds);
            while (self.ParkUncanceled(deadline))
            {
                // Woken early, for something that its caller looks at later.
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Yield()
    {
        if (GreenThread.Current is not { } self)
            return s_yield();
        if (!self.Scheduler!.IsTurnOfSpinner())
            return 0; // As if there had been nobody else.
        return GreenSynchronizationContext.MayPark(self) && self.Scheduler!.Yield(self, self.Coroutine!) ? 1 : s_yield();
    }
}
