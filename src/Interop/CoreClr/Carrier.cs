using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>
/// What one OS thread needs to carry green threads: where its thread-local words are, and what belongs to its own CLR Thread (W) while
/// another is mounted. Native memory, made and used on its own OS thread only; green threads read it while they are mounted there.
/// </summary>
internal unsafe struct Carrier
{
    /// <summary>Saved stack pointer of W while a green thread runs.</summary>
    public nint StackPointer;

    /// <summary>The thread-local word that holds the current Thread.</summary>
    public nint* ThreadSlot;

    /// <summary>The OS thread's t_ThreadStatics.</summary>
    public nint ThreadStatics;

    /// <summary>W, and what a mounted Thread borrows from it.</summary>
    public nint Thread;
    public nint RuntimeThreadLocals;
    public nint OSId;
    public nint ThreadHandle;

    /// <summary>The value of this OS thread's entry in the signal-safe map.</summary>
    public nint* MapValue;

    /// <summary>A GCHandle of the object that runs this carrier, for whoever finds itself mounted here; 0 if there is none.</summary>
    public nint Owner;

    /// <summary>Target of the stores that a W needs none of.</summary>
    public nint Unused;

    /// <summary>The top of a large stack for the next foreign call made here; 0 if there is none. Whoever uses it takes it out.</summary>
    public nint LargeStack;

    /// <summary>W's thread statics while another Thread is mounted.</summary>
    public fixed byte SavedStatics[ClrLayout.ThreadStaticsSize];

    /// <summary>Makes the carrier of the calling OS thread. To be given back with <see cref="Release"/> on the same thread.</summary>
    /// <exception cref="RuntimeUnsupportedException">This OS thread does not look as the layout says.</exception>
    internal static Carrier* Attach(CoreClrModule module, ClrLayout layout)
    {
        nint block = module.GetTlsBlock();
        var slot = (nint*)(block + layout.CurrentThreadSlot);
        nint thread = *slot;
        // SAFETY: the offsets were verified at start; the three checks say that this thread is laid out in the same way.
        if (thread == 0 || *(nint*)(thread + layout.OSId) != Interop.gettid() || *(nint*)(thread + layout.ThreadLocalDataPtr) != block + layout.ThreadStatics)
            throw new RuntimeUnsupportedException("this OS thread's Thread is not laid out as that of the others");
        nint* entry = ClrThreadMap.FindEntry(layout.ThreadMapHead, Interop.gettid(), thread);
        if (entry is null)
            throw new RuntimeUnsupportedException("this OS thread is not in the runtime's signal-safe map");

        var carrier = (Carrier*)NativeMemory.AllocZeroed((nuint)sizeof(Carrier));
        carrier->ThreadSlot = slot;
        carrier->ThreadStatics = block + layout.ThreadStatics;
        carrier->Thread = thread;
        carrier->RuntimeThreadLocals = *(nint*)(thread + layout.RuntimeThreadLocals);
        carrier->OSId = Interop.gettid();
        carrier->ThreadHandle = *(nint*)(thread + layout.ThreadHandle);
        carrier->MapValue = entry + 1;
        return carrier;
    }

    internal static void Release(Carrier* carrier) => NativeMemory.Free(carrier);
}
