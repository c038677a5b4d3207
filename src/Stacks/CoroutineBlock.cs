using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>
/// Control block of a coroutine. All blocks lie side by side in the arena's table, so the index of a stack, which any stack pointer gives,
/// is the index of its block. (At a fixed place of each stack, as DESIGN.md hints, they would all share one set of each cache: stacks are a
/// power of two apart.)
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 192)] // three cache lines; the first holds all but the statics
internal unsafe struct CoroutineBlock
{
    /// <summary>The stack pointer while the coroutine does not run.</summary>
    public nint StackPointer;

    /// <summary>The carrier that runs it, or ran it last.</summary>
    public Carrier* Carrier;

    /// <summary>GCHandle of the <see cref="Coroutine"/>.</summary>
    public nint Handle;

    /// <summary>First address above the stack that is used, and lowest address above its guard.</summary>
    public nint StackBase;
    public nint StackLimit;

    public ClrThreadState Clr;

    /// <summary>The block of the coroutine: this one, or the first of a stack of several strides.</summary>
    public CoroutineBlock* First;
}
