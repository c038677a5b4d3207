namespace GreenThreads;

// A call on another stack (listing: ForeignCall.X64.S), x86-64 System V. Its six arguments stay in their registers, so one routine does for all counts of them;
// the function and the stack pointer come as the seventh and the eighth, on the stack:
//
//      higher   | upper end of the other stack       | 24(%rbp)
//               | function                           | 16(%rbp)
//               | return address into the P/Invoke   |
//      rbp ---> | rbp of the caller                  |
//
// Calls and returns stay paired, so the processor predicts them. rax is 0 for functions with variable arguments: no vector register holds one.
internal static class ForeignCallCode
{
    /// <summary>call_on_stack</summary>
    internal static byte[] CallOnStack { get; } =
    [
        0x55, // push %rbp
        0x48, 0x89, 0xE5, // mov %rsp, %rbp
        0x4C, 0x8B, 0x5D, 0x10, // mov 0x10(%rbp), %r11
        0x48, 0x8B, 0x65, 0x18, // mov 0x18(%rbp), %rsp
        0x31, 0xC0, // xor %eax, %eax
        0x41, 0xFF, 0xD3, // call *%r11
        0x48, 0x89, 0xEC, // mov %rbp, %rsp
        0x5D, // pop %rbp
        0xC3, // ret
    ];
}
