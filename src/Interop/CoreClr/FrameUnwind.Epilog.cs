namespace GreenThreads;

// An epilog undoes the prolog, and the description says nothing of how far it has come. But it is told by its instructions, on x64 (the same way
// as Windows does it): from anywhere in it on there are only moves of the stack pointer and pops, up to a return or a jump to another method.
internal sealed partial class FrameUnwind
{
    // Guesses: a stack pointer, six registers and an upper half of the vector registers to clear take less.
    private const int MaximumEpilogInstructions = 16;

    private const byte Ret = 0xC3;
    private const byte PopRax = 0x58;
    private const byte PopRdi = 0x5F;
    private const byte PopRbp = 0x5D;
    private const byte RexB = 0x41; // pop of r8 to r15 follows
    private const byte RexW = 0x48;
    private const byte JumpNear = 0xE9;
    private const byte JumpShort = 0xEB;
    private const byte JumpIndirect = 0xFF;

    // Little-endian, with the bytes that are not part of it masked by the caller.
    private const uint AddRspByte = 0xC48348; // add imm8, %rsp
    private const uint AddRspInt = 0xC48148; // add imm32, %rsp
    private const uint LeaRspByte = 0x658D48; // lea disp8(%rbp), %rsp
    private const uint LeaRspInt = 0xA58D48; // lea disp32(%rbp), %rsp
    private const uint VZeroUpper = 0x77F8C5;
    private const uint JumpRex = 0xE0FF48; // jmp *%rax and the like, which no switch statement is compiled to

    /// <summary>Runs the rest of the epilog that the code is in; false if it is in none.</summary>
    private bool TryFinishEpilog(StackImage image, ManagedCode code, Registers at, out Registers caller)
    {
        caller = default;
        (nint rip, nint sp, nint rbp) = (at.Rip, at.Rsp, at.Rbp);
        for (int i = 0; i < MaximumEpilogInstructions && rip < code.End; i++)
        {
            byte first = memory.ReadOrDefault<byte>(rip);
            uint three = first | (uint)memory.ReadOrDefault<byte>(rip + 1) << 8 | (uint)memory.ReadOrDefault<byte>(rip + 2) << 16;
            switch (first)
            {
                case Ret:
                case JumpNear when LeavesTo(rip + 5 + memory.ReadOrDefault<int>(rip + 1), code):
                case JumpShort when LeavesTo(rip + 2 + memory.ReadOrDefault<sbyte>(rip + 1), code):
                case JumpIndirect when (three >> 8 & 0xFF) == 0x25: // through a word beside the code
                case RexW when (three & 0xF8FFFF) == JumpRex:
                    return TryReturn(image, sp, rbp, out caller);
                case >= PopRax and <= PopRdi:
                    if (first == PopRbp && !image.TryReadWord(sp, out rbp))
                        return false;
                    (rip, sp) = (rip + 1, sp + sizeof(long));
                    break;
                case RexB when (three >> 8 & 0xFF) is >= PopRax and <= PopRdi:
                    (rip, sp) = (rip + 2, sp + sizeof(long));
                    break;
                case RexW when three == AddRspByte:
                    (rip, sp) = (rip + 4, sp + memory.ReadOrDefault<sbyte>(rip + 3));
                    break;
                case RexW when three == AddRspInt:
                    (rip, sp) = (rip + 7, sp + memory.ReadOrDefault<int>(rip + 3));
                    break;
                case RexW when three == LeaRspByte:
                    (rip, sp) = (rip + 4, rbp + memory.ReadOrDefault<sbyte>(rip + 3));
                    break;
                case RexW when three == LeaRspInt:
                    (rip, sp) = (rip + 7, rbp + memory.ReadOrDefault<int>(rip + 3));
                    break;
                default:
                    if (three != VZeroUpper)
                        return false;
                    rip += 3;
                    break;
            }
        }
        return false;
    }

    private static bool LeavesTo(nint target, ManagedCode code) => target < code.Begin || target >= code.End;
}
