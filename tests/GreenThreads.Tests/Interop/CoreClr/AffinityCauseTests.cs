using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary>What a stack that may only continue on its OS thread says about why.</summary>
public sealed partial class AffinityCauseTests
{
    private static AffinityCause s_cause;

    private static readonly Dictionary<string, Action> s_places = new()
    {
        ["plain code"] = Take,
        ["a catch block"] = InCatch,
        ["a finally block that an exception passes"] = InFinally,
        ["an exception filter"] = InFilter,
        ["a static constructor"] = static () => WithStaticConstructor.Touch(),
        ["a static constructor that is asked for"] = static () => RuntimeHelpers.RunClassConstructor(typeof(WithOtherStaticConstructor).TypeHandle),
        ["reflection"] = static () => typeof(AffinityCauseTests).GetMethod(nameof(ByReflection))!.Invoke(null, null),
        ["DynamicInvoke"] = static () => ((Action)Take).DynamicInvoke(),
        ["a callback of native code"] = InCallback,
        ["a lock that another holds"] = InWait,
    };

    [SwitchedTheory]
    [InlineData("plain code", "nothing native")]
    [InlineData("a catch block", "exception")]
    [InlineData("a finally block that an exception passes", "exception")]
    [InlineData("an exception filter", "exception")]
    [InlineData("a static constructor", "static constructor")]
    [InlineData("a static constructor that is asked for", "static constructor")]
    [InlineData("reflection", "reflection (System.Reflection.MethodBaseInvoker.InterpretedInvoke_Method)")]
    [InlineData("DynamicInvoke", "reflection (System.Reflection.MethodBaseInvoker.InterpretedInvoke_Method)")]
    [InlineData("a callback of native code", "foreign callback (GreenThreads.Tests.AffinityCauseTests.qsort)")]
    [InlineData("a lock that another holds", "wait (System.Threading.Monitor.Enter_Slowpath)")]
    public void The_cause_is_told(string place, string expected)
    {
        s_cause = default;
        TestCarrier.Run(carrier => carrier.Finish(carrier.Create(s_places[place])));
        Assert.Equal(expected, s_cause.Describe());
    }

    public static void ByReflection() => Take();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Take() => s_cause = ManagedFrames.CauseOf(Coroutine.Current!.RuntimeThread);

    private static void InCatch()
    {
        try
        {
            throw new InvalidOperationException();
        }
        catch (InvalidOperationException)
        {
            Take();
        }
    }

    private static void InFinally()
    {
        try
        {
            try
            {
                throw new InvalidOperationException();
            }
            finally
            {
                Take();
            }
        }
        catch (InvalidOperationException)
        {
        }
    }

    private static void InFilter()
    {
        try
        {
            throw new InvalidOperationException();
        }
        catch (InvalidOperationException) when (TakeAndAccept())
        {
        }
    }

    private static bool TakeAndAccept()
    {
        Take();
        return true;
    }

    private static unsafe void InCallback()
    {
        int[] numbers = [2, 1];
        fixed (int* first = numbers)
            qsort(first, 2, sizeof(int), &Compare);
    }

    private static void InWait()
    {
        SynchronizationContext.SetSynchronizationContext(new WaitingContext());
        try
        {
            using var taken = new ManualResetEventSlim();
            var gate = new object();
            Task owner = OsThreads.Start(() =>
            {
                lock (gate)
                {
                    taken.Set();
                    SpinWait.SpinUntil(static () => s_cause != default, TimeSpan.FromSeconds(10));
                }
            });
            SpinWait.SpinUntil(() => taken.IsSet);
            lock (gate)
                owner.Wait();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe int Compare(int* a, int* b)
    {
        Take();
        return *a - *b;
    }

    [LibraryImport("libc")]
    private static unsafe partial void qsort(int* first, nint count, nint size, delegate* unmanaged[Cdecl]<int*, int*, int> compare);

    private sealed class WaitingContext : SynchronizationContext
    {
        internal WaitingContext() => SetWaitNotificationRequired();

        public override int Wait(nint[] waitHandles, bool waitAll, int millisecondsTimeout)
        {
            Take();
            return WaitHelper(waitHandles, waitAll, millisecondsTimeout);
        }
    }

    private static class WithStaticConstructor
    {
        private static readonly int s_value;

        static WithStaticConstructor()
        {
            Take();
            s_value = 1;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        internal static void Touch() => GC.KeepAlive(s_value);
    }

    private static class WithOtherStaticConstructor
    {
        static WithOtherStaticConstructor() => Take();
    }
}
