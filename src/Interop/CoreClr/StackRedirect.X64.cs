using System.Buffers.Binary;

namespace GreenThreads;

// A routine that must be machine code (listing: StackRedirect.X64.S): where it is called from, an exception of the runtime may pass through the
// function that it goes on in, as Thread.Interrupt ends a sleep; through a managed method that native code calls none may.
internal static class StackRedirectCode
{
    // Where the constants are in the code.
    private const int Region = 5;
    private const int Length = 18;
    private const int Outside = 31;
    private const int Inside = 41;

    /// <summary>redirect, with zeros for its constants</summary>
    internal static byte[] Redirect { get; } =
    [
        0x48, 0x89, 0xE0, // mov %rsp, %rax
        0x49, 0xBA, 0, 0, 0, 0, 0, 0, 0, 0, // movabs $0, %r10
        0x4C, 0x29, 0xD0, // sub %r10, %rax
        0x49, 0xBA, 0, 0, 0, 0, 0, 0, 0, 0, // movabs $0, %r10
        0x4C, 0x39, 0xD0, // cmp %r10, %rax
        0x48, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, // movabs $0, %rax
        0x49, 0xBA, 0, 0, 0, 0, 0, 0, 0, 0, // movabs $0, %r10
        0x49, 0x0F, 0x42, 0xC2, // cmovb %r10, %rax
        0xFF, 0xE0, // jmp *%rax
    ];

    /// <summary>The routine for one region and two functions.</summary>
    internal static byte[] For(nint region, nint length, nint outside, nint inside)
    {
        byte[] code = [.. Redirect];
        BinaryPrimitives.WriteInt64LittleEndian(code.AsSpan(Region), region);
        BinaryPrimitives.WriteInt64LittleEndian(code.AsSpan(Length), length);
        BinaryPrimitives.WriteInt64LittleEndian(code.AsSpan(Outside), outside);
        BinaryPrimitives.WriteInt64LittleEndian(code.AsSpan(Inside), inside);
        return code;
    }
}
