namespace GreenThreads;

// Finds the caller of managed code from its registers, by undoing the prolog: its description is UNWIND_INFO of the Windows x64 ABI
// (learn.microsoft.com, "x64 exception handling"), which the JIT compiler writes on Linux too, with one more code for a far frame pointer.
//
// Rejected: following rbp alone. The compiler keeps it as a frame pointer in most methods, but small ones with a single call have none, and their
// callers were left out.
internal sealed partial class FrameUnwind(PageCache memory)
{
    private const int RbpNumber = 5;

    // Unwind codes: how many 16-bit slots each takes is in SlotsOf.
    private const int PushNonvolatile = 0;
    private const int AllocateLarge = 1;
    private const int AllocateSmall = 2;
    private const int SetFramePointer = 3;
    private const int SaveNonvolatile = 4;
    private const int SaveNonvolatileFar = 5;
    private const int SaveXmm = 8;
    private const int SaveXmmFar = 9;
    private const int SetFramePointerLarge = 11; // CoreCLR's own

    /// <summary>What is known of code that runs or waits for a call to return.</summary>
    internal readonly record struct Registers(nint Rip, nint Rsp, nint Rbp);

    /// <summary>The caller of code that waits for a call to return: all of its prolog has run.</summary>
    internal bool TryFindCaller(StackImage image, ManagedCode code, Registers at, out Registers caller) =>
        code.IsFunclet ? TryLeaveFunclet(image, at, out caller) : TryUndo(image, code.UnwindInfo, nint.MaxValue, at, out caller);

    /// <summary>The caller of code that was interrupted anywhere.</summary>
    internal bool TryFindCallerOfInterrupted(StackImage image, ManagedCode code, Registers at, out Registers caller)
    {
        if (TryFinishEpilog(image, code, at, out caller))
            return true;
        int prologSize = memory.ReadOrDefault<byte>(code.UnwindInfo + 1);
        nint offset = at.Rip - code.Begin;
        return offset < prologSize ? TryUndo(image, code.UnwindInfo, offset, at, out caller) : TryFindCaller(image, code, at, out caller);
    }

    /// <summary>
    /// The caller of native code, if that is a small helper without a frame, such as a write barrier: the stack then begins with a return address,
    /// and before it is a call of the helper. (Any other native code may have any word there, an old return address too.)
    /// </summary>
    internal bool TryLeaveHelper(StackImage image, Registers at, out Registers caller)
    {
        // A guess; the write barriers take less.
        const int maximumHelperBytes = 256;
        const byte callNear = 0xE8;
        const ushort callThroughWord = 0x15FF;
        if (!TryReturn(image, at.Rsp, at.Rbp, out caller))
            return false;
        nint rip = caller.Rip;
        nint target = memory.ReadOrDefault<byte>(rip - 5) == callNear ? rip + memory.ReadOrDefault<int>(rip - 4) : 0;
        if (memory.ReadOrDefault<ushort>(rip - 6) == callThroughWord)
            target = memory.ReadOrDefault<nint>(rip + memory.ReadOrDefault<int>(rip - 4));
        return target != 0 && at.Rip >= target && at.Rip - target < maximumHelperBytes;
    }

    // A funclet runs with the frame pointer of its method, and so leads to the method's caller, as the program sees it, without what the runtime
    // and the thrower have on the stack in between. A method with funclets always has one, and it points to the caller's, beside the return
    // address: on Unix the compiler chains frame pointers for the sake of native debuggers (genSPtoFPdelta in its codegencommon.cpp).
    private static bool TryLeaveFunclet(StackImage image, Registers at, out Registers caller)
    {
        caller = default;
        return at.Rbp >= at.Rsp && image.TryReadWord(at.Rbp, out nint callersRbp) && TryReturn(image, at.Rbp + sizeof(long), callersRbp, out caller);
    }

    private bool TryUndo(StackImage image, nint unwindInfo, nint offset, Registers at, out Registers caller)
    {
        caller = default;
        nint sp = at.Rsp;
        nint rbp = at.Rbp;
        int codes = memory.ReadOrDefault<byte>(unwindInfo + 2);
        for (int i = 0; i < codes;)
        {
            nint slot = unwindInfo + 4 + i * sizeof(ushort);
            int codeOffset = memory.ReadOrDefault<byte>(slot);
            int operation = memory.ReadOrDefault<byte>(slot + 1);
            int argument = operation >> 4;
            operation &= 15;
            int slots = SlotsOf(operation, argument);
            if (slots == 0)
                return false;
            i += slots;

            // Of an instruction that has not run yet.
            if (codeOffset > offset)
                continue;
            switch (operation)
            {
                case PushNonvolatile:
                    if (argument == RbpNumber && !image.TryReadWord(sp, out rbp))
                        return false;
                    sp += sizeof(long);
                    break;
                case AllocateSmall:
                    sp += (argument + 1) * sizeof(long);
                    break;
                case AllocateLarge:
                    sp += argument == 0 ? memory.ReadOrDefault<ushort>(slot + 2) * sizeof(long) : memory.ReadOrDefault<int>(slot + 2);
                    break;
                case SetFramePointer:
                    sp = rbp - (memory.ReadOrDefault<byte>(unwindInfo + 3) >> 4) * 16;
                    break;
                case SetFramePointerLarge:
                    sp = rbp - memory.ReadOrDefault<int>(slot + 2) * 16;
                    break;
            }
        }
        return TryReturn(image, sp, rbp, out caller);
    }

    private static bool TryReturn(StackImage image, nint sp, nint rbp, out Registers caller)
    {
        bool read = image.TryReadWord(sp, out nint returnAddress);
        caller = new Registers(returnAddress, sp + sizeof(long), rbp);
        return read;
    }

    // 0 for a code that compiled methods do not have.
    private static int SlotsOf(int operation, int argument) => operation switch
    {
        PushNonvolatile or AllocateSmall or SetFramePointer => 1,
        AllocateLarge => argument == 0 ? 2 : 3,
        SaveNonvolatile or SaveXmm => 2,
        SaveNonvolatileFar or SaveXmmFar or SetFramePointerLarge => 3,
        _ => 0,
    };
}
