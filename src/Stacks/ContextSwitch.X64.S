# The machine code of ContextSwitch.X64.cs, x86-64 System V. A test disassembles the bytes there and compares them with this listing.

# switch_to_peer(save_sp*, new_sp, slot*, thread)
# switch_across(save_sp*, new_sp, slot*, thread)
#   rdi           where the stack pointer of the stack that is left goes
#   rsi           the saved stack pointer of the stack that is entered
#   rdx <- rcx    the thread-local word that holds the current Thread, and the Thread that it holds from now on
# They differ in how they leave: see ContextSwitch.X64.cs.
switch_to_peer:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rcx, (%rdx)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret

switch_across:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rcx, (%rdx)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    pop %rcx
    jmp *%rcx

# coroutine_entry: where the first switch to a new stack goes
#   rbx           the argument
#   r12           the function, which never returns
coroutine_entry:
    xor %ebp, %ebp
    mov %rbx, %rdi
    call *%r12
    ud2
