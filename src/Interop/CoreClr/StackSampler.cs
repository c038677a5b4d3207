using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GreenThreads;

// Interrupts another thread of this process for about a microsecond, in which it copies its registers and the young end of its stack. Not
// thread-safe.
//
// By a real-time signal that nobody had a handler for when we took it, with the request's address as its value. Choices:
//   no SA_ONSTACK   the runtime's handler of hardware exceptions goes on on the original stack while its signal frame is still on the alternate
//                   one; a second signal there would overwrite it. Every stack that runs managed code has room for a signal frame: the
//                   runtime's own activation signal needs it too, and more
//   SA_RESTART      a thread that has meanwhile entered a system call goes on waiting in most of them; the others may return EINTR, as they
//                   do under the activation signal
//   all blocked     during the handler no other signal comes in between
// A request that the thread does not answer in time (it is not scheduled) keeps its block: the answer may come later. Rejected: ptrace, which
// no thread may use on its own process; /proc/self/task/*/syscall, which tells no registers of a thread that computes.
internal sealed unsafe class StackSampler
{
    private const int StateAsked = 0;
    private const int StateTaken = 1;

    // Guesses. A thread that computes answers within microseconds unless another has its core.
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(20);
    private const int MaximumUnanswered = 16;

    private readonly int _signal;
    private readonly nint _handler;
    private readonly List<nint> _unanswered = [];

    private StackSampler(int signal, nint handler)
    {
        _signal = signal;
        _handler = handler;
    }

#pragma warning disable CS0649 // the handler fills it in
    // The handler's view of it is in StackSampler.X64.S. Never freed while a handler may still write to it.
    private struct Block
    {
        public nint Limit;
        public nint Base;
        public nint FrameWord;
        public nint Capacity;
        public int State;
        public int Padding;
        public nint Rip;
        public nint Rsp;
        public nint Rbp;
        public nint Frame;
        public nint Length;
        public fixed byte Stack[StackImage.Capacity];
    }
#pragma warning restore CS0649

    /// <summary>Registers, what the frame word held, and the stack from Rsp up, which is valid until the next request.</summary>
    internal readonly ref struct Sample(nint rip, nint rsp, nint rbp, nint frame, ReadOnlySpan<byte> stack)
    {
        internal nint Rip { get; } = rip;
        internal nint Rsp { get; } = rsp;
        internal nint Rbp { get; } = rbp;
        internal nint Frame { get; } = frame;
        internal ReadOnlySpan<byte> Stack { get; } = stack;
    }

    private Block* _free;

    /// <summary>Takes a signal for the rest of the process's life; null if none is free or code cannot be published.</summary>
    internal static StackSampler? TryCreate()
    {
        try
        {
            nint handler = ExecutableCode.Publish(StackSamplerCode.TakeSample)[0];
            for (int signal = Interop.SIGRTMAX - 1; signal > Interop.ActivationSignal; signal--)
            {
                if (HandlerOf(signal) == Interop.SIG_DFL && TryInstall(signal, handler))
                    return new StackSampler(signal, handler);
            }
        }
        catch (SystemCallException)
        {
            // No executable memory: then there are no switched green threads either.
        }
        return null;
    }

    /// <summary>
    /// Takes a sample if the thread then runs on the given stack. Not of the calling thread. The frame word is an address whose value the sample
    /// shall hold; it must stay readable for ever.
    /// </summary>
    internal bool TryTake(int osThreadId, nint stackLimit, nint stackBase, nint frameWord, out Sample sample)
    {
        sample = default;
        Reclaim();
        // Somebody who came after us and took the signal would not know what to do with ours.
        if (_unanswered.Count >= MaximumUnanswered || HandlerOf(_signal) != _handler)
            return false;

        if (_free is null)
            _free = (Block*)NativeMemory.AllocZeroed((nuint)sizeof(Block));
        Block* block = _free;
        block->Limit = stackLimit;
        block->Base = stackBase;
        block->FrameWord = frameWord;
        block->Capacity = StackImage.Capacity;
        Volatile.Write(ref block->State, StateAsked);
        if (Interop.QueueSignal(osThreadId, _signal, (nint)block) != 0)
            return false;

        long start = Stopwatch.GetTimestamp();
        var wait = new SpinWait();
        while (Volatile.Read(ref block->State) == StateAsked)
        {
            if (Stopwatch.GetElapsedTime(start) > s_patience)
            {
                _unanswered.Add((nint)block);
                _free = null;
                return false;
            }
            wait.SpinOnce(sleep1Threshold: -1);
        }
        if (Volatile.Read(ref block->State) != StateTaken)
            return false;
        sample = new Sample(block->Rip, block->Rsp, block->Rbp, block->Frame, new ReadOnlySpan<byte>(block->Stack, (int)block->Length));
        return true;
    }

    private void Reclaim()
    {
        for (int i = _unanswered.Count - 1; i >= 0; i--)
        {
            // SAFETY: the handler writes the state last; the block is nobody's from then on.
            var block = (Block*)_unanswered[i];
            if (Volatile.Read(ref block->State) == StateAsked)
                continue;
            NativeMemory.Free(block);
            _unanswered.RemoveAt(i);
        }
    }

    private static nint HandlerOf(int signal)
    {
        Interop.sigaction_t current;
        return Interop.sigaction(signal, null, &current) == 0 ? current.sa_handler : -1;
    }

    private static bool TryInstall(int signal, nint handler)
    {
        // SAFETY: the kernel copies the structure; the handler's code stays for the life of the process.
        var action = new Interop.sigaction_t { sa_handler = handler, sa_flags = Interop.SA_SIGINFO | Interop.SA_RESTART };
        for (int i = 0; i < 16; i++)
            action.sa_mask[i] = ulong.MaxValue;
        return Interop.sigaction(signal, &action, null) == 0;
    }
}
