using System.Diagnostics.CodeAnalysis;

namespace GreenThreads;

// A lock of four bytes for a handful of instructions: one in each green thread, where a lock object would cost more than all that it guards.
// Its holder never parks, so a waiter only ever waits for another OS thread. Use as: using (_gate.Enter()) { ... }
internal struct SpinGate
{
    private int _held;

    [UnscopedRef]
    internal Scope Enter()
    {
        if (Interlocked.CompareExchange(ref _held, 1, 0) != 0)
            EnterSlow();
        return new Scope(ref this);
    }

    private void EnterSlow()
    {
        var wait = new SpinWait();
        do
            wait.SpinOnce(sleep1Threshold: -1); // Never the sleep of a millisecond: the holder is done in a moment.
        while (Volatile.Read(ref _held) != 0 || Interlocked.CompareExchange(ref _held, 1, 0) != 0);
    }

    internal readonly ref struct Scope(ref SpinGate gate)
    {
        private readonly ref SpinGate _gate = ref gate;

        public void Dispose() => Volatile.Write(ref _gate._held, 0);
    }
}
