namespace GreenThreads;

/// <summary>The piece of managed code that an address lies in: a method's body or one of its funclets (catch, finally, filter).</summary>
/// <param name="MethodDesc">The runtime's MethodDesc; 0 if the address is in no managed code.</param>
/// <param name="Begin">First address of the piece.</param>
/// <param name="End">First address behind it.</param>
/// <param name="UnwindInfo">How its prolog moves the stack pointer: UNWIND_INFO of the Windows x64 ABI, which CoreCLR uses on Linux too.</param>
/// <param name="IsFunclet">Whether it is a funclet: rbp is then the frame of the method that it belongs to.</param>
internal readonly record struct ManagedCode(nint MethodDesc, nint Begin, nint End, nint UnwindInfo, bool IsFunclet)
{
    internal bool IsFound => MethodDesc != 0;
}
