using System.Runtime.CompilerServices;

namespace GreenThreads;

// The seam of the model tests. The protocols of this folder (RunQueue, SleepProtocol, ParkState) touch what several OS threads share only through
// a type parameter of this kind: for the product it is the hardware, and the compiler leaves nothing of the seam (a struct's static methods are
// bound and inlined when the generic type is compiled for it); for the model tests it is a machine that tries every order of these steps.
internal interface IAtomics
{
    /// <summary>Acquire.</summary>
    static abstract int Read(ref int location);

    /// <summary>Release.</summary>
    static abstract void Write(ref int location, int value);

    /// <summary>Full fence, as all that return the old value.</summary>
    static abstract int CompareExchange(ref int location, int value, int comparand);

    static abstract int Exchange(ref int location, int value);

    /// <summary>Full fence; returns the new value.</summary>
    static abstract int Add(ref int location, int value);

    /// <summary>Acquire.</summary>
    static abstract GreenThread? Read(ref GreenThread? location);

    /// <summary>Release.</summary>
    static abstract void Write(ref GreenThread? location, GreenThread? value);

    static abstract GreenThread? Exchange(ref GreenThread? location, GreenThread? value);

    static abstract void Fence();
}

/// <summary>The machine itself.</summary>
internal readonly struct HardwareAtomics : IAtomics
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Read(ref int location) => Volatile.Read(ref location);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref int location, int value) => Volatile.Write(ref location, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int CompareExchange(ref int location, int value, int comparand) => Interlocked.CompareExchange(ref location, value, comparand);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Exchange(ref int location, int value) => Interlocked.Exchange(ref location, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Add(ref int location, int value) => Interlocked.Add(ref location, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GreenThread? Read(ref GreenThread? location) => Volatile.Read(ref location);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref GreenThread? location, GreenThread? value) => Volatile.Write(ref location, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GreenThread? Exchange(ref GreenThread? location, GreenThread? value) => Interlocked.Exchange(ref location, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fence() => Interlocked.MemoryBarrier();
}
