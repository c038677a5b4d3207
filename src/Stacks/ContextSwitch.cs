using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads;

// The three switches, each between two stacks and two CLR Threads; the order of the steps is explained at the top of ClrThread.cs. The methods
// are compiled ahead and never tiered: nothing may be compiled while the statics are away.
internal static unsafe class ContextSwitch
{
    private static readonly delegate* unmanaged<nint*, nint, nint*, nint, void> s_switchToPeer;
    private static readonly delegate* unmanaged<nint*, nint, nint*, nint, void> s_switchAcross;
    private static readonly nint s_coroutineEntry;

    static ContextSwitch()
    {
        nint[] code = ExecutableCode.Publish(ContextSwitchCode.SwitchToPeer, ContextSwitchCode.SwitchAcross, ContextSwitchCode.CoroutineEntry);
        s_switchToPeer = (delegate* unmanaged<nint*, nint, nint*, nint, void>)code[0];
        s_switchAcross = (delegate* unmanaged<nint*, nint, nint*, nint, void>)code[1];
        s_coroutineEntry = code[2];
    }

    /// <summary>From the carrier's stack to a coroutine's; returns when somebody switches back to the carrier.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void Resume(CoroutineBlock* to, Carrier* carrier)
    {
        // SAFETY: `to` is suspended and owned by the caller, so its stack pointer and statics are saved and nobody else touches them.
        to->Carrier = carrier;
        ClrThread.MoveCarrierStaticsOut(carrier);
        ClrThread.Mount(&to->Clr, carrier);
        s_switchAcross(&carrier->StackPointer, to->StackPointer, carrier->ThreadSlot, to->Clr.Thread);
        ClrThread.MoveCarrierStaticsIn(carrier);
    }

    /// <summary>From a coroutine's stack to its carrier's; returns when resumed, perhaps on another carrier.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void Suspend(CoroutineBlock* from)
    {
        Carrier* carrier = from->Carrier;
        ClrThread.MoveStaticsOut(&from->Clr, carrier);
        ClrThread.Unmount(&from->Clr);
        ClrThread.MountW(carrier);
        s_switchAcross(&from->StackPointer, carrier->StackPointer, carrier->ThreadSlot, carrier->Thread);
        ClrThread.MoveStaticsIn(&from->Clr, from->Carrier);
    }

    /// <summary>From one coroutine's stack to another's on the same carrier; returns when the first is resumed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void SwitchTo(CoroutineBlock* from, CoroutineBlock* to)
    {
        Carrier* carrier = from->Carrier;
        to->Carrier = carrier;
        ClrThread.MoveStaticsOut(&from->Clr, carrier);
        ClrThread.Unmount(&from->Clr);
        ClrThread.Mount(&to->Clr, carrier);
        s_switchToPeer(&from->StackPointer, to->StackPointer, carrier->ThreadSlot, to->Clr.Thread);
        ClrThread.MoveStaticsIn(&from->Clr, from->Carrier);
    }

    /// <summary>Builds the frame that the first switch to a stack pops.</summary>
    /// <returns>The stack pointer to switch to.</returns>
    internal static nint PrepareStack(nint stackBase, CoroutineBlock* block)
    {
        // SAFETY: the words lie directly below the base of a stack that nobody uses yet. The call in coroutine_entry wants the stack pointer
        // to be a multiple of 16 after the frame is popped.
        var top = (nint*)((stackBase - 16) & -16);
        nint* frame = top - ContextSwitchCode.FrameWords;
        frame[0] = 0; // r15
        frame[1] = 0; // r14
        frame[2] = 0; // r13
        frame[3] = (nint)(delegate* unmanaged<CoroutineBlock*, void>)&Entry; // r12
        frame[4] = (nint)block; // rbx
        frame[5] = 0; // rbp
        frame[6] = s_coroutineEntry;
        return (nint)frame;
    }

    /// <summary>Compiles everything that runs between two moves of the statics.</summary>
    internal static void Prepare() => ClrThread.Prepare(typeof(ContextSwitch));

    // The first managed frame of every green stack; never returns.
    [UnmanagedCallersOnly]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Entry(CoroutineBlock* block)
    {
        ClrThread.MoveStaticsIn(&block->Clr, block->Carrier);
        Coroutine.RunBodies(block);
    }
}
