# The machine code of ThreadStatics.X64.cs, x86-64 System V. A test disassembles the bytes there and compares them with this listing.

# move_thread_statics(to, from, field_a*, a, field_b*, b)
#   rdi, rsi      96 bytes each: one ThreadLocalData of the runtime
#   rdx <- rcx    Thread.ThreadLocalDataPtr: where that thread's statics are from now on
#   r8  <- r9     Thread.RuntimeThreadLocals: which allocation context is its own from now on
# Called with SuppressGCTransition, so a collection sees all of it or nothing.
move_thread_statics:
    movups (%rsi), %xmm0
    movups 0x10(%rsi), %xmm1
    movups 0x20(%rsi), %xmm2
    movups 0x30(%rsi), %xmm3
    movups 0x40(%rsi), %xmm4
    movups 0x50(%rsi), %xmm5
    movups %xmm0, (%rdi)
    movups %xmm1, 0x10(%rdi)
    movups %xmm2, 0x20(%rdi)
    movups %xmm3, 0x30(%rdi)
    movups %xmm4, 0x40(%rdi)
    movups %xmm5, 0x50(%rdi)
    mov %rcx, (%rdx)
    mov %r9, (%r8)
    ret

# call_without_thread(slot*, function, argument)
#   rdi           the thread-local word that holds the current Thread
#   rsi, rdx      function(argument), entered by the runtime as by an OS thread that it does not know
call_without_thread:
    push %rbp
    push %rbx
    push %r12
    mov %rdi, %rbx
    mov (%rdi), %r12
    movq $0, (%rdi)
    mov %rdx, %rdi
    call *%rsi
    mov %r12, (%rbx)
    pop %r12
    pop %rbx
    pop %rbp
    ret
