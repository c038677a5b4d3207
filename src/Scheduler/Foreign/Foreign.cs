using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>
/// Calls of foreign code: libraries that expect the stack of a usual thread. On a green thread they run on a large stack (8 MB of address space, memory only for what
/// is touched, a guard below) that is borrowed until the call returns; a plain OS thread, a green thread in bound mode, and code that runs on a large stack already simply
/// make the call where they are. Callbacks into managed code may do whatever managed code does: park too, and go on on the same OS thread then. An exception must not
/// leave a callback (<see cref="CallbackGuard"/>).
/// </summary>
// Foreign.cs           native functions
// Foreign.Run.cs       managed code
// Foreign.Blocking.cs  code that blocks for long
public static unsafe partial class Foreign
{
    /// <summary>
    /// Calls a native function without arguments. Does not park, but a callback may. Functions take integers and pointers, and return one or nothing; of a shorter result
    /// only the lower bits mean something: <c>(int)Foreign.Call(f)</c>. For other types, and more arguments, declare a P/Invoke and call it in
    /// <see cref="Run(Action)"/>.
    /// </summary>
    /// <param name="function">Its address, of the C calling convention: of <see cref="NativeLibrary.GetExport"/>, or a function pointer.</param>
    /// <returns>What it returned.</returns>
    /// <exception cref="ArgumentNullException">There is no function.</exception>
    /// <exception cref="GreenThreadLimitException">There is no further large stack: too many green threads are parked in callbacks.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Call(nint function) => Call(function, 0, 0, 0, 0);

    /// <summary>Calls a native function with one argument.</summary>
    /// <inheritdoc cref="Call(nint)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Call(nint function, nint a1) => Call(function, a1, 0, 0, 0);

    /// <summary>Calls a native function with two arguments.</summary>
    /// <inheritdoc cref="Call(nint)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Call(nint function, nint a1, nint a2) => Call(function, a1, a2, 0, 0);

    /// <summary>Calls a native function with three arguments.</summary>
    /// <inheritdoc cref="Call(nint)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Call(nint function, nint a1, nint a2, nint a3) => Call(function, a1, a2, a3, 0);

    /// <summary>Calls a native function with four arguments.</summary>
    /// <inheritdoc cref="Call(nint)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Call(nint function, nint a1, nint a2, nint a3, nint a4)
    {
        if (function == 0)
            ThrowNoFunction();
        CoroutineBlock* self = Coroutine.BlockOnGreenStack;
        // SAFETY: as below.
        return self is not null ? Coroutine.CallOnLargeStack(self, function, a1, a2, a3, a4) : CallHere(function, a1, a2, a3, a4, 0, 0);
    }

    /// <summary>Calls a native function with five arguments.</summary>
    /// <inheritdoc cref="Call(nint)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Call(nint function, nint a1, nint a2, nint a3, nint a4, nint a5) => Call(function, a1, a2, a3, a4, a5, 0);

    /// <summary>Calls a native function with six arguments.</summary>
    /// <inheritdoc cref="Call(nint)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Call(nint function, nint a1, nint a2, nint a3, nint a4, nint a5, nint a6)
    {
        if (function == 0)
            ThrowNoFunction();
        CoroutineBlock* self = Coroutine.BlockOnGreenStack;
        // SAFETY: of the function the caller knows. That it gets more arguments than it takes does no harm: they are in registers that it may change.
        return self is not null ? Coroutine.CallOnLargeStack(self, function, a1, a2, a3, a4, a5, a6) : CallHere(function, a1, a2, a3, a4, a5, a6);
    }

    /// <summary>
    /// The same as <see cref="Call(nint)"/>, and keeps the call's <c>errno</c>, which is 0 before: <see cref="Marshal.GetLastPInvokeError"/> and
    /// <see cref="Marshal.GetLastSystemError"/> give it afterwards. Ask at once: the first is there until the green thread parks or makes another
    /// such call; the second is that of the OS thread, which any system call may change, the runtime's own too.
    /// </summary>
    /// <inheritdoc cref="Call(nint)" path="/returns|/exception"/>
    /// <param name="function">Its address.</param>
    /// <param name="a1">The first argument; those that the function does not take can be left out.</param>
    /// <param name="a2">The second.</param>
    /// <param name="a3">The third.</param>
    /// <param name="a4">The fourth.</param>
    /// <param name="a5">The fifth.</param>
    /// <param name="a6">The sixth.</param>
    public static nint CallKeepingError(nint function, nint a1 = 0, nint a2 = 0, nint a3 = 0, nint a4 = 0, nint a5 = 0, nint a6 = 0)
    {
        if (function == 0)
            ThrowNoFunction();
        CoroutineBlock* self = Coroutine.BlockOnGreenStack;
        nint result = self is not null
            ? Coroutine.CallOnLargeStack(self, function, a1, a2, a3, a4, a5, a6, out int error)
            : CallHere(function, a1, a2, a3, a4, a5, a6, out error);
        Marshal.SetLastPInvokeError(error);
        Marshal.SetLastSystemError(error);
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint CallHere(nint function, nint a1, nint a2, nint a3, nint a4, nint a5, nint a6) =>
        ((delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint>)function)(a1, a2, a3, a4, a5, a6);

    // Optimised from the first call on, and with nothing between the return and the read, so that nothing is compiled there. The runtime itself keeps errno when a
    // collection holds the return up.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static nint CallHere(nint function, nint a1, nint a2, nint a3, nint a4, nint a5, nint a6, out int error)
    {
        int* errno = Interop.__errno_location();
        *errno = 0;
        // SAFETY: as Call.
        nint result = ((delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint>)function)(a1, a2, a3, a4, a5, a6);
        error = *errno;
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowNoFunction() => throw new ArgumentNullException("function");
}
