# The machine code of StackSampler.X64.cs, x86-64 System V. A test disassembles the bytes there and compares them with this listing.

# take_sample(signal, siginfo*, ucontext*): a signal handler
#   rdi, rsi, rdx
# siginfo: si_code 8, si_value 0x18 (the block). ucontext: the interrupted rbp 0x78, rsp 0xa0, rip 0xa8.
# The block (StackSampler.Block): limit 0, base 8, frame word* 0x10, capacity 0x18, state 0x20, rip 0x28, rsp 0x30, rbp 0x38, frame 0x40,
# length 0x48, stack 0x50. State: 1 taken, 2 the thread was on another stack.
take_sample:
    cmpl $0xffffffff, 8(%rsi)
    jne .Lend
    mov 0x18(%rsi), %r8
    mov 0xa0(%rdx), %rsi
    mov $2, %r9d
    cmp (%r8), %rsi
    jb .Ldone
    cmp 8(%r8), %rsi
    jae .Ldone
    mov 0xa8(%rdx), %rax
    mov %rax, 0x28(%r8)
    mov %rsi, 0x30(%r8)
    mov 0x78(%rdx), %rax
    mov %rax, 0x38(%r8)
    mov 0x10(%r8), %rax
    mov (%rax), %rax
    mov %rax, 0x40(%r8)
    mov 8(%r8), %rcx
    sub %rsi, %rcx
    cmp 0x18(%r8), %rcx
    cmova 0x18(%r8), %rcx
    mov %rcx, 0x48(%r8)
    lea 0x50(%r8), %rdi
    rep movsb (%rsi), (%rdi)
    mov $1, %r9d
.Ldone:
    mov %r9d, 0x20(%r8)
.Lend:
    ret
