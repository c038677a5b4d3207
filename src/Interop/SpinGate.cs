using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace GreenThreads;

// A lock of four bytes for a handful of instructions, or a quick system call. A lock object would cost more than all that it guards in a green thread, and
// a green thread that waits for a lock parks (GreenSynchronizationContext), which it must not where a scheduler needs what it holds.
// The holder of a gate never parks, so a waiter only ever waits for another OS thread. Use as: using (_gate.Enter()) { ... }
internal struct SpinGate
{
    // A guess: about a microsecond. The holder is done in a moment, unless the system has taken its processor away.
    private const int SpinsBeforeYield = 10;

    private int _held;

    [UnscopedRef]
    internal Scope Enter()
    {
        if (Interlocked.CompareExchange(ref _held, 1, 0) != 0)
            EnterSlow();
        return new Scope(ref this, NoPark.Enter());
    }

    /// <summary>
    /// The same without <see cref="NoPark"/>, whose thread static costs as much as the gate: for code that meets no lock of the framework's and so no managed
    /// wait, because all it calls is the library's own and only moves references. To be ended by <see cref="Exit"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EnterBare()
    {
        if (Interlocked.CompareExchange(ref _held, 1, 0) != 0)
            EnterSlow();
    }

    /// <summary>The same, if nobody holds it at this moment.</summary>
    internal bool TryEnterBare() => Interlocked.CompareExchange(ref _held, 1, 0) == 0;

    /// <summary>Ends what <see cref="EnterBare"/> began.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Exit() => Volatile.Write(ref _held, 0);

    [Conditional("DEBUG")]
    internal readonly void AssertHeld() => Debug.Assert(_held != 0, "somebody must hold the gate here");

    private void EnterSlow()
    {
        // Not SpinWait: on a green thread that lets others run (SpinHook).
        int round = 0;
        do
        {
            if (++round <= SpinsBeforeYield)
                Thread.SpinWait(round);
            else
                _ = Interop.sched_yield();
        }
        while (Volatile.Read(ref _held) != 0 || Interlocked.CompareExchange(ref _held, 1, 0) != 0);
    }

    internal readonly ref struct Scope(ref SpinGate gate, NoPark noPark)
    {
        private readonly ref SpinGate _gate = ref gate;
        private readonly NoPark _noPark = noPark;

        public void Dispose()
        {
            Volatile.Write(ref _gate._held, 0);
            _noPark.Dispose();
        }
    }
}
