# The machine code of ForeignCall.X64.cs, x86-64 System V. A test disassembles the bytes there and compares them with this listing.

# call_on_stack(a1, a2, a3, a4, a5, a6, function, stack): calls function(a1 ... a6) on another stack
#   0x10(%rbp)    the function
#   0x18(%rbp)    the top of the other stack, a multiple of 16
call_on_stack:
    push %rbp
    mov %rsp, %rbp
    mov 0x10(%rbp), %r11
    mov 0x18(%rbp), %rsp
    xor %eax, %eax
    call *%r11
    mov %rbp, %rsp
    pop %rbp
    ret

# call_on_stack_of_four(a1, a2, a3, a4, function, stack): the same for four arguments at most
#   r8            the function
#   r9            the top of the other stack, a multiple of 16
call_on_stack_of_four:
    push %rbp
    mov %rsp, %rbp
    mov %r9, %rsp
    xor %eax, %eax
    call *%r8
    mov %rbp, %rsp
    pop %rbp
    ret

# call_keeping_error(a1, a2, a3, a4, a5, a6, function, stack, errno*, error*): the same, with errno 0 before and kept after
#   0x10(%rbp)    the function
#   0x18(%rbp)    the top of the other stack, a multiple of 16
#   0x20(%rbp)    the address of the OS thread's errno
#   0x28(%rbp)    where its value goes
call_keeping_error:
    push %rbp
    mov %rsp, %rbp
    mov 0x20(%rbp), %rax
    movl $0, (%rax)
    mov 0x10(%rbp), %r11
    mov 0x18(%rbp), %rsp
    xor %eax, %eax
    call *%r11
    mov 0x20(%rbp), %rcx
    mov (%rcx), %ecx
    mov 0x28(%rbp), %rsi
    mov %ecx, (%rsi)
    mov %rbp, %rsp
    pop %rbp
    ret
