namespace GreenThreads;

// Calls on another stack (listing: ForeignCall.X64.S), x86-64 System V. The six arguments stay in their registers, so one routine does for all counts of them;
// the function and the stack pointer come as the seventh and the eighth, on the stack:
//
//      higher   | where errno is to go               | 40(%rbp)  call_keeping_error only
//               | the OS thread's errno              | 32(%rbp)  call_keeping_error only
//               | top of the other stack             | 24(%rbp)
//               | function                           | 16(%rbp)
//               | return address into the P/Invoke   |
//      rbp ---> | rbp of the caller                  |
//
// Those with four arguments at most, which most have, get both in registers: a nanosecond less.
//
// errno is read here, because nobody knows what runs between a return to managed code and whatever is called next there: the first call of a method compiles it.
// (Seen: Marshal.GetLastSystemError, called for the first time, found 0.)
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

    /// <summary>call_on_stack_of_four</summary>
    internal static byte[] CallOnStackOfFour { get; } =
    [
        0x55, // push %rbp
        0x48, 0x89, 0xE5, // mov %rsp, %rbp
        0x4C, 0x89, 0xCC, // mov %r9, %rsp
        0x31, 0xC0, // xor %eax, %eax
        0x41, 0xFF, 0xD0, // call *%r8
        0x48, 0x89, 0xEC, // mov %rbp, %rsp
        0x5D, // pop %rbp
        0xC3, // ret
    ];

    /// <summary>call_keeping_error</summary>
    internal static byte[] CallKeepingError { get; } =
    [
        0x55, // push %rbp
        0x48, 0x89, 0xE5, // mov %rsp, %rbp
        0x48, 0x8B, 0x45, 0x20, // mov 0x20(%rbp), %rax
        0xC7, 0x00, 0x00, 0x00, 0x00, 0x00, // movl $0, (%rax)
        0x4C, 0x8B, 0x5D, 0x10, // mov 0x10(%rbp), %r11
        0x48, 0x8B, 0x65, 0x18, // mov 0x18(%rbp), %rsp
        0x31, 0xC0, // xor %eax, %eax
        0x41, 0xFF, 0xD3, // call *%r11
        0x48, 0x8B, 0x4D, 0x20, // mov 0x20(%rbp), %rcx
        0x8B, 0x09, // mov (%rcx), %ecx
        0x48, 0x8B, 0x75, 0x28, // mov 0x28(%rbp), %rsi
        0x89, 0x0E, // mov %ecx, (%rsi)
        0x48, 0x89, 0xEC, // mov %rbp, %rsp
        0x5D, // pop %rbp
        0xC3, // ret
    ];
}
