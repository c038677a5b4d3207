namespace GreenThreads;

// Who called the code in which a thread was interrupted. Before the prolog's end and behind the epilog's, and in small methods that have no
// frame at all, rbp is still or again the caller's, and following it would leave out one frame. So this undoes the part of the prolog that has
// run, from its description: UNWIND_INFO of the Windows x64 ABI (learn.microsoft.com, "x64 exception handling"), which the JIT compiler writes
// on Linux too, with one more code for a far frame pointer.
internal sealed class FrameUnwind(SelfMemory memory)
{
    private const byte Ret = 0xC3;
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

    /// <summary>The caller's registers; the position is its stack pointer after the return.</summary>
    internal readonly record struct Caller(nint ReturnAddress, nint Rbp, nint Position);

    /// <summary>False if it cannot be told this way: the caller is then found through rbp.</summary>
    internal bool TryFindCaller(StackImage image, ManagedCode code, nint rip, nint rsp, nint rbp, out Caller caller)
    {
        caller = default;
        // An epilog ends in `pop rbp; ret`. Up to the pop, rbp is right, behind it everything has been undone.
        if (memory.ReadOrDefault<byte>(rip) == Ret)
            return TryReturn(image, rsp, rbp, out caller);

        int codes = memory.ReadOrDefault<byte>(code.UnwindInfo + 2);
        int prologSize = memory.ReadOrDefault<byte>(code.UnwindInfo + 1);
        nint offset = rip - code.Begin;

        // A funclet's own caller is the runtime; its rbp leads to the caller of its method.
        if (code.IsFunclet && offset >= prologSize)
            return false;

        nint sp = rsp;
        for (int i = 0; i < codes;)
        {
            nint slot = code.UnwindInfo + 4 + i * sizeof(ushort);
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
                    sp = rbp - (memory.ReadOrDefault<byte>(code.UnwindInfo + 3) >> 4) * 16;
                    break;
                case SetFramePointerLarge:
                    sp = rbp - memory.ReadOrDefault<int>(slot + 2) * 16;
                    break;
            }
        }
        return TryReturn(image, sp, rbp, out caller);
    }

    private static bool TryReturn(StackImage image, nint sp, nint rbp, out Caller caller)
    {
        bool read = image.TryReadWord(sp, out nint returnAddress);
        caller = new Caller(returnAddress, rbp, sp + sizeof(long));
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
