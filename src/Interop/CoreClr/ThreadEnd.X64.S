# The machine code of ThreadEnd.X64.cs, x86-64 System V. A test disassembles the bytes there and compares them with this listing.

# end_thread(slot*, thread, destructor, monitor) -> the current Thread that the destructor left
#   rdi           the thread-local word that holds the current Thread; the word after it is saved too, the runtime clears both
#   rsi           the Thread that ends here
#   rdx, rcx      destructor(monitor), the runtime's own for the end of an OS thread
end_thread:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    mov %rdi, %rbx
    mov (%rdi), %r12
    mov 8(%rdi), %r13
    mov %rsi, (%rdi)
    mov %rcx, %rdi
    call *%rdx
    mov (%rbx), %rax
    mov %r12, (%rbx)
    mov %r13, 8(%rbx)
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
