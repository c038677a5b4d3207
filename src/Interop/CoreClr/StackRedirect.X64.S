# The machine code of StackRedirect.X64.cs, x86-64 System V. A test disassembles the bytes there and compares them with this listing.
# The four constants are filled in when it is published.

# redirect: goes on in one of two functions, with the arguments as they are, depending on whether the stack pointer is inside a region
redirect:
    mov %rsp, %rax
    movabs $0, %r10         # where the region begins
    sub %r10, %rax
    movabs $0, %r10         # its length
    cmp %r10, %rax
    movabs $0, %rax         # the function for stacks elsewhere
    movabs $0, %r10         # the function for stacks inside
    cmovb %r10, %rax
    jmp *%rax
