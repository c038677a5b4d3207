using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads;

// Finds Thread.m_hasPendingActivation on a runtime that the table does not know. The runtime sets the byte when it sends the activation signal
// to a thread that runs managed code, and its handler clears it. So a thread blocks the signal and spins in managed code, which nothing but
// the signal can interrupt, while another thread collects: the byte that turns from 0 to 1, and back when the signal is let in, is the one.
internal static unsafe partial class PendingActivationProbe
{
    private const int Rounds = 3;
    private const int MaximumThreadBytes = 2048;

    // A pass takes about a microsecond; a clock cannot bound them, because reading it polls for a collection.
    private const int MaximumPasses = 4_000_000;
    private const int PassesAfterChange = 1000;

    private static volatile bool s_spinning;

    internal static int Run(ClrLayout layout, CoreClrModule module)
    {
        int found = -1;
        for (int round = 0; round < Rounds; round++)
        {
            int offset = RunOnce(layout, module);
            if (offset < 0 || (found >= 0 && found != offset))
                throw new RuntimeUnsupportedException("no byte of the Thread behaves like the pending-activation flag");
            found = offset;
        }
        return found;
    }

    private static int RunOnce(ClrLayout layout, CoreClrModule module)
    {
        s_spinning = false;
        var collector = new Thread(static () =>
        {
            var wait = new SpinWait();
            while (!s_spinning)
                wait.SpinOnce(sleep1Threshold: -1);
            GC.Collect(0, GCCollectionMode.Forced, blocking: true);
        })
        { IsBackground = true, Name = "GreenThreads probe collector" };
        collector.UnsafeStart();
        int offset = ProbeThread.Run(() => Observe(layout, module));
        collector.Join();
        return offset;
    }

    private static int Observe(ClrLayout layout, CoreClrModule module)
    {
        nint thread = *(nint*)(module.GetTlsBlock() + layout.CurrentThreadSlot);
        // Everything before OSId is state and mode, which change with every collection.
        var bytes = (byte*)thread + layout.OSId;
        var before = new byte[(int)Math.Min(malloc_usable_size(thread), MaximumThreadBytes) - layout.OSId];
        var during = new byte[before.Length];
        ulong activation = 1ul << (Interop.ActivationSignal - 1);
        ulong old;

        // SAFETY: the bytes lie inside the allocation that is the Thread of this very OS thread.
        _ = Interop.pthread_sigmask(Interop.SIG_BLOCK, &activation, &old);
        bool changed = Spin(bytes, before, during);
        _ = Interop.pthread_sigmask(Interop.SIG_UNBLOCK, &activation, &old);
        if (!changed)
            return -1;

        int found = -1;
        for (int i = 0; i < before.Length; i++)
        {
            if (before[i] != 0 || during[i] != 1 || bytes[i] != 0)
                continue;
            if (found >= 0)
                throw new RuntimeUnsupportedException("more than one byte of the Thread behaves like the pending-activation flag");
            found = layout.OSId + i;
        }
        return found;
    }

    // Must not be stopped before its last copy: loads and stores only, nothing that could poll for a collection.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static bool Spin(byte* bytes, byte[] before, byte[] during)
    {
        for (int i = 0; i < before.Length; i++)
            before[i] = bytes[i];
        s_spinning = true;
        int remaining = MaximumPasses;
        bool changed = false;
        while (--remaining > 0)
        {
            for (int i = 0; i < before.Length; i++)
            {
                during[i] = Volatile.Read(ref bytes[i]);
                if (!changed && before[i] == 0 && during[i] == 1)
                {
                    // A few passes more, so that whatever changes together with it has changed too.
                    changed = true;
                    remaining = PassesAfterChange;
                }
            }
        }
        return changed;
    }

    // The runtime allocates its Thread objects with operator new, which is malloc.
    [LibraryImport("libc")]
    private static partial nint malloc_usable_size(nint pointer);

}
