using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads;

// Foreign calls: a coroutine goes on on a large stack (LargeStacks.cs) until the call returns.
//
//   higher  | green stack:  ... caller, the P/Invoke's explicit frame, call_on_stack |
//           |      other green stacks                                                |
//   lower   | large stack:  the foreign function -> perhaps a callback -> managed code |
//
// To the runtime all of it is one stack of the one Thread. Its base stays where it is; the limit and the two execution limits are those of the large stack
// meanwhile. They travel with the Thread, so a callback may park. Such a park is affine: there is an explicit frame (DESIGN.md §2 rule 9).
//
// Who is on a large stack already stays on it: a call within a callback takes no other one.
//
// No exception passes call_on_stack: what a managed body throws is caught in its first frame there and thrown again on the green stack. Foreign functions throw
// none, and what leaves a callback ends the process, as with any P/Invoke.
internal sealed unsafe partial class Coroutine
{
    // Copies of the zone's fields; the capacity is 0 until there is one.
    private static LargeStacks? s_largeStacks;
    private static nint s_largeRegion;
    private static nuint s_largeCapacity;

    // What is to run on the large stack. Taken out at once.
    private LargeStackBody? _largeStackBody;

    /// <summary>The zone of large stacks.</summary>
    internal static LargeStacks LargeStacks => s_largeStacks ?? throw new InvalidOperationException("there are no large stacks in bound mode");

    /// <summary>Whether the caller runs on a large stack.</summary>
    internal static bool IsOnLargeStack
    {
        get
        {
            byte marker;
            return (nuint)((nint)(&marker) - s_largeRegion) >> LargeStacks.StrideShift < s_largeCapacity;
        }
    }

    /// <summary>The coroutine on whose green stack the caller runs; null on a large stack, and on that of an OS thread.</summary>
    internal static Coroutine? CurrentOnGreenStack
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            byte marker;
            nuint index = (nuint)((nint)(&marker) - s_region) >> s_strideShift;
            // SAFETY: as Current.
            return index < s_capacity ? Unsafe.As<Coroutine>(GCHandle.FromIntPtr(s_blocks[index].Handle).Target) : null;
        }
    }

    private static Coroutine? CurrentOnLargeStack
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        get
        {
            byte marker;
            nuint index = (nuint)((nint)(&marker) - s_largeRegion) >> LargeStacks.StrideShift;
            if (index >= s_largeCapacity)
                return null;
            nint end = s_largeRegion + ((nint)(index + 1) << LargeStacks.StrideShift);
            // SAFETY: whoever runs on a large stack has written its handle there before.
            return Unsafe.As<Coroutine>(GCHandle.FromIntPtr(*(nint*)(end - LargeStacks.OwnerRoom)).Target);
        }
    }

    /// <summary>The block of the coroutine on whose green stack the caller runs; null on a large stack, and on that of an OS thread.</summary>
    internal static CoroutineBlock* BlockOnGreenStack
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            byte marker;
            nuint index = (nuint)((nint)(&marker) - s_region) >> s_strideShift;
            // SAFETY: as Current.
            return index < s_capacity ? s_blocks[index].First : null;
        }
    }

    /// <summary>
    /// Calls a native function on a large stack. By the running coroutine, on its green stack. Inlined into whoever makes a foreign call: the runtime's frame for native
    /// calls is then made once in that method, not here at each call.
    /// </summary>
    /// <exception cref="GreenThreadLimitException">There is no further large stack.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint CallOnLargeStack(CoroutineBlock* self, nint function, nint a1, nint a2, nint a3, nint a4, nint a5, nint a6)
    {
        nint top = BorrowLargeStack(self, out ClrThread.StackLimits limits);
        // SAFETY: the large stack is nobody else's. Native code returns here: no managed exception passes it.
        nint result = ForeignCode.CallOnStack(a1, a2, a3, a4, a5, a6, function, top);
        GiveLargeStackBack(self, top, limits);
        return result;
    }

    /// <summary>The same for four arguments at most, cheaper by what it takes to pass the rest in memory.</summary>
    /// <exception cref="GreenThreadLimitException">There is no further large stack.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint CallOnLargeStack(CoroutineBlock* self, nint function, nint a1, nint a2, nint a3, nint a4)
    {
        nint top = BorrowLargeStack(self, out ClrThread.StackLimits limits);
        nint result = ForeignCode.CallOnStackOfFour(a1, a2, a3, a4, function, top);
        GiveLargeStackBack(self, top, limits);
        return result;
    }

    /// <summary>The same, and keeps its errno.</summary>
    /// <exception cref="GreenThreadLimitException">There is no further large stack.</exception>
    internal static nint CallOnLargeStack(CoroutineBlock* self, nint function, nint a1, nint a2, nint a3, nint a4, nint a5, nint a6, out int error)
    {
        int errno;
        nint top = BorrowLargeStack(self, out ClrThread.StackLimits limits);
        nint result = ForeignCode.CallKeepingError(a1, a2, a3, a4, a5, a6, function, top, Interop.__errno_location(), &errno);
        GiveLargeStackBack(self, top, limits);
        error = errno;
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint BorrowLargeStack(CoroutineBlock* block, out ClrThread.StackLimits limits)
    {
        nint top = block->Carrier->LargeStack;
        if (top == 0)
            top = TakeLargeStack();
        else
            block->Carrier->LargeStack = 0;
        *(nint*)top = block->Handle;
        limits = ClrThread.GetStackLimits(&block->Clr);
        ClrThread.SetStackLimits(&block->Clr, ClrThread.StackLimits.OfLarge(LargeStacks.LimitOf(top)));
        return top;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void GiveLargeStackBack(CoroutineBlock* block, nint top, in ClrThread.StackLimits limits)
    {
        ClrThread.SetStackLimits(&block->Clr, limits);
        Carrier* carrier = block->Carrier; // The same as before: what parks in a native call is affine.
        if (carrier->LargeStack == 0)
            carrier->LargeStack = top;
        else
            ReturnLargeStack(top);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint TakeLargeStack() => LargeStacks.Take();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ReturnLargeStack(nint top) => LargeStacks.Return(top);

    /// <summary>Runs managed code on a large stack; it keeps what it throws. By the running coroutine, on its green stack.</summary>
    /// <exception cref="GreenThreadLimitException">There is no further large stack.</exception>
    internal void RunOnLargeStack(LargeStackBody body)
    {
        _largeStackBody = body;
        try
        {
            CallOnLargeStack(_block, (nint)(delegate* unmanaged<void>)&EnterLargeStack, 0, 0, 0, 0);
        }
        finally
        {
            _largeStackBody = null; // Still there if there was no large stack.
        }
    }

    /// <summary>The same; if there is no large stack, the body has failed.</summary>
    internal void TryRunOnLargeStack(LargeStackBody body)
    {
        try
        {
            RunOnLargeStack(body);
        }
        catch (Exception exception) when (exception is GreenThreadLimitException or SystemCallException)
        {
            body.Fail(exception);
        }
    }

    // No leaf in the method that native code enters: see ClrThread.OnCreated.
    [UnmanagedCallersOnly]
    private static void EnterLargeStack() => RunLargeStackBody();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunLargeStackBody()
    {
        Coroutine self = Current!;
        LargeStackBody body = self._largeStackBody!;
        self._largeStackBody = null;
        body.Run();
    }

    /// <summary>The carrier is about to end, or has been idle for a while: its large stack goes back, and the memory that it used. On the carrier's OS thread.</summary>
    internal static void GiveLargeStackBack(Carrier* carrier)
    {
        if (carrier->LargeStack != 0)
            LargeStacks.Return(carrier->LargeStack);
        carrier->LargeStack = 0;
    }

    /// <summary>The end of the stack that it is on, as its Thread knows it.</summary>
    private nint CurrentLimit
    {
        get
        {
            using (s_endGate.Enter())
                return ClrThread.GetStackLimits(&_block->Clr).Limit;
        }
    }

    /// <summary>The bounds of the stack that an address of this coroutine's is on: a large one, or its own.</summary>
    private (nint Limit, nint Base) BoundsOf(nint address)
    {
        nuint index = (nuint)(address - s_largeRegion) >> LargeStacks.StrideShift;
        if (index >= s_largeCapacity)
            return (StackLimit, StackBase);
        nint top = s_largeRegion + ((nint)(index + 1) << LargeStacks.StrideShift) - LargeStacks.OwnerRoom;
        return (LargeStacks.LimitOf(top), top);
    }

    // A class of its own: where executable memory is forbidden, bound mode must not fail with it.
    private static class ForeignCode
    {
        private static readonly nint[] s_code = ExecutableCode.Publish(ForeignCallCode.CallOnStack, ForeignCallCode.CallOnStackOfFour, ForeignCallCode.CallKeepingError);

        internal static readonly delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, nint, nint> CallOnStack =
            (delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, nint, nint>)s_code[0];

        internal static readonly delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint> CallOnStackOfFour =
            (delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint>)s_code[1];

        internal static readonly delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, nint, int*, int*, nint> CallKeepingError =
            (delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, nint, int*, int*, nint>)s_code[2];
    }
}
