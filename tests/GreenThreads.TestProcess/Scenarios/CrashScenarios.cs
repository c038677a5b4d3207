using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads.TestProcess;

/// <summary>Ends that a process must not survive. The names of the methods are what the tests look for on standard error.</summary>
internal static unsafe class CrashScenarios
{
    private static int s_depth;

    internal static int StackOverflow(string[] args)
    {
        GreenThread.Spawn(OverflowingGreenBody).Join();
        return 0;
    }

    /// <summary>On a large stack: in managed code there, or in a callback of native code.</summary>
    internal static int StackOverflowInForeign(string[] args)
    {
        GreenThread.Spawn(args is ["callback"] ? OverflowingSort : OverflowingForeignBody).Join();
        return 0;
    }

    internal static int FailFast(string[] args)
    {
        GreenThread.Spawn(FailFastGreenBody).Join();
        return 0;
    }

    internal static int Unhandled(string[] args)
    {
        var group = new SchedulerGroup(new SchedulerGroupOptions { UnhandledExceptions = UnhandledExceptionPolicy.Crash });
        GreenThread thread = group.Spawn(ThrowingGreenBody);
        thread.Join();
        return 0;
    }

    /// <summary>Writes to the lowest byte of a stack, and then to the one below it.</summary>
    internal static int TouchGuard(string[] args)
    {
        bool useMprotect = args is ["mprotect"];
        var arena = new StackArena(capacity: 8, guard: new StackGuard(useMprotect, StackGuard.ReadMapLimit()));
        int index = arena.Allocate();
        var limit = (byte*)arena.Blocks[index].StackLimit;
        *limit = 1;
        Console.WriteLine($"limit={*limit}");
        Console.WriteLine($"kind={arena.GuardKind}");
        limit[-1] = 1;
        Console.WriteLine("survived=1");
        return 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void OverflowingGreenBody() => Console.WriteLine(RecurseForEver(1));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void OverflowingForeignBody() => Foreign.Run(OverflowingGreenBody);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void OverflowingSort()
    {
        int* numbers = stackalloc int[] { 3, 1, 2 };
        nint sort = NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "qsort");
        Foreign.Call(sort, (nint)numbers, 3, sizeof(int), (nint)(delegate* unmanaged<int*, int*, int>)&OverflowingComparer);
    }

    [UnmanagedCallersOnly]
    private static int OverflowingComparer(int* left, int* right) => RecurseForEver(1);

    // The addition after the call forbids a tail call.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int RecurseForEver(int depth)
    {
        s_depth = depth;
        return RecurseForEver(depth + 1) + s_depth;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FailFastGreenBody()
    {
        GreenThread.Yield();
        FailFastNow();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FailFastNow() => Environment.FailFast("the scenario asked for it");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowingGreenBody()
    {
        GreenThread.Yield();
        ThrowNow();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowNow() => throw new TimeZoneNotFoundException("nobody handles this");
}
