# The machine code of ForeignCall.X64.cs, x86-64 System V. A test disassembles the bytes there and compares them with this listing.

# call_on_stack(a1, a2, a3, a4, a5, a6, function, stack): calls function(a1 ... a6) on another stack
#   0x10(%rbp)    the function
#   0x18(%rbp)    the upper end of the other stack, a multiple of 16
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
