using System.Numerics;

namespace GreenThreads;

// How the runtime ends the Thread of an OS thread that it did not start: a thread_local object of libcoreclr (TlsDestructionMonitor, ceemain.cpp) has a
// destructor, registered with the C library when the OS thread first entered managed code. It looks at the current-Thread word, takes that Thread's
// frames away in cooperative mode, frees its thread statics and its allocation context, marks it detached, and sets the word to null. The finalizer
// thread takes detached Threads out of the ThreadStore and frees them. The destructor keeps no state, so it can be called for any Thread that is mounted.
//
// Its address is in nobody's table but the C library's list of the destructors of each OS thread (tls_dtor_list, cxa_thread_atexit_impl.c), a static
// thread-local: {function, object, link_map, next}, the function mangled with the pointer guard. Found by shape: the object lies in libcoreclr's
// thread-local block and begins with a byte of 1 (m_activated), the map is libcoreclr's, the function, demangled, lies in its code; exactly one entry.
internal sealed unsafe record ThreadEnd
{
    // struct dtor_list, four words.
    private const int EntryWords = 4;

    // %fs:0x30, header.pointer_guard of tcbhead_t (glibc, sysdeps/x86_64/nptl/tls.h); pthread_self is the address of that structure.
    private const int PointerGuardOffset = 0x30;
    private const int PointerGuardRotation = 17;

    private const int MaximumEntries = 64;

    /// <summary>The destructor, and where in libcoreclr's thread-local block its object is.</summary>
    internal required nint Destructor { get; init; }

    internal required int Monitor { get; init; }

    /// <summary>Looks on two OS threads.</summary>
    /// <exception cref="RuntimeUnsupportedException">It is not there, or not alone.</exception>
    internal static ThreadEnd Find(CoreClrModule module)
    {
        CoreClrModule libc = CoreClrModule.OpenCLibrary();
        ThreadEnd first = ProbeThread.Run(() => FindOnThisThread(module, libc));
        ThreadEnd second = ProbeThread.Run(() => FindOnThisThread(module, libc));
        return first == second ? first : throw new RuntimeUnsupportedException("two OS threads disagree about how they end");
    }

    private static ThreadEnd FindOnThisThread(CoreClrModule module, CoreClrModule libc)
    {
        using var memory = new SelfMemory();
        nint block = module.GetTlsBlock();
        nint libcBlock = libc.GetTlsBlock();
        nint guard = *(nint*)(Interop.pthread_self() + PointerGuardOffset);
        ThreadEnd? found = null;
        nint* words = stackalloc nint[EntryWords];
        for (int offset = 0; offset + sizeof(nint) <= libc.TlsSize; offset += sizeof(nint))
        {
            // SAFETY: inside the thread-local block; what it points to is read through SelfMemory.
            nint entry = *(nint*)(libcBlock + offset);
            for (int i = 0; i < MaximumEntries && memory.TryRead(entry, new Span<byte>(words, EntryWords * sizeof(nint))); i++, entry = words[3])
            {
                nint destructor = (nint)(BitOperations.RotateRight((nuint)words[0], PointerGuardRotation) ^ (nuint)guard);
                nint monitor = words[1] - block;
                if (words[2] != module.LinkMap || monitor < 0 || monitor >= module.TlsSize || *(byte*)words[1] != 1
                    || !module.ExecutableSegments.Exists(segment => destructor >= segment.Start && destructor < segment.End))
                    continue;
                if (found is not null)
                    throw new RuntimeUnsupportedException("libcoreclr has more than one destructor like that of the end of an OS thread");
                found = new ThreadEnd { Destructor = destructor, Monitor = (int)monitor };
            }
        }
        return found ?? throw new RuntimeUnsupportedException("libcoreclr has no destructor like that of the end of an OS thread");
    }
}
