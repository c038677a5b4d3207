namespace GreenThreads;

// One routine that must be machine code (listing: ThreadEnd.X64.S): it runs between two changes of the current Thread.
internal static class ThreadEndCode
{
    /// <summary>end_thread</summary>
    internal static byte[] EndThread { get; } =
    [
        0x55, // push %rbp
        0x53, // push %rbx
        0x41, 0x54, // push %r12
        0x41, 0x55, // push %r13
        0x41, 0x56, // push %r14
        0x48, 0x89, 0xFB, // mov %rdi, %rbx
        0x4C, 0x8B, 0x27, // mov (%rdi), %r12
        0x4C, 0x8B, 0x6F, 0x08, // mov 8(%rdi), %r13
        0x48, 0x89, 0x37, // mov %rsi, (%rdi)
        0x48, 0x89, 0xCF, // mov %rcx, %rdi
        0xFF, 0xD2, // call *%rdx
        0x48, 0x8B, 0x03, // mov (%rbx), %rax
        0x4C, 0x89, 0x23, // mov %r12, (%rbx)
        0x4C, 0x89, 0x6B, 0x08, // mov %r13, 8(%rbx)
        0x41, 0x5E, // pop %r14
        0x41, 0x5D, // pop %r13
        0x41, 0x5C, // pop %r12
        0x5B, // pop %rbx
        0x5D, // pop %rbp
        0xC3, // ret
    ];
}
