namespace GreenThreads;

// Two routines that must be machine code (listing: ThreadStatics.X64.S).
//
// Thread statics live in the OS thread's t_ThreadStatics, and move out of it and back with each switch. The copy, the pointer that tells the
// collector where they are now, and the allocation context change in one leaf that is called without a GC transition: a collection that came
// in between would update the references in the other copy. Rejected: the same in C#, which a collection can interrupt wherever the code is
// fully interruptible (all of it in Debug builds); the spike's stress crashed within a second.
internal static class ThreadStaticsCode
{
    /// <summary>move_thread_statics</summary>
    internal static byte[] MoveThreadStatics { get; } =
    [
        0x0F, 0x10, 0x06, // movups (%rsi), %xmm0
        0x0F, 0x10, 0x4E, 0x10, // movups 0x10(%rsi), %xmm1
        0x0F, 0x10, 0x56, 0x20, // movups 0x20(%rsi), %xmm2
        0x0F, 0x10, 0x5E, 0x30, // movups 0x30(%rsi), %xmm3
        0x0F, 0x10, 0x66, 0x40, // movups 0x40(%rsi), %xmm4
        0x0F, 0x10, 0x6E, 0x50, // movups 0x50(%rsi), %xmm5
        0x0F, 0x11, 0x07, // movups %xmm0, (%rdi)
        0x0F, 0x11, 0x4F, 0x10, // movups %xmm1, 0x10(%rdi)
        0x0F, 0x11, 0x57, 0x20, // movups %xmm2, 0x20(%rdi)
        0x0F, 0x11, 0x5F, 0x30, // movups %xmm3, 0x30(%rdi)
        0x0F, 0x11, 0x67, 0x40, // movups %xmm4, 0x40(%rdi)
        0x0F, 0x11, 0x6F, 0x50, // movups %xmm5, 0x50(%rdi)
        0x48, 0x89, 0x0A, // mov %rcx, (%rdx)
        0x4D, 0x89, 0x08, // mov %r9, (%r8)
        0xC3, // ret
    ];

    /// <summary>call_without_thread</summary>
    internal static byte[] CallWithoutThread { get; } =
    [
        0x55, // push %rbp
        0x53, // push %rbx
        0x41, 0x54, // push %r12
        0x48, 0x89, 0xFB, // mov %rdi, %rbx
        0x4C, 0x8B, 0x27, // mov (%rdi), %r12
        0x48, 0xC7, 0x07, 0x00, 0x00, 0x00, 0x00, // movq $0, (%rdi)
        0x48, 0x89, 0xD7, // mov %rdx, %rdi
        0xFF, 0xD6, // call *%rsi
        0x4C, 0x89, 0x23, // mov %r12, (%rbx)
        0x41, 0x5C, // pop %r12
        0x5B, // pop %rbx
        0x5D, // pop %rbp
        0xC3, // ret
    ];
}
