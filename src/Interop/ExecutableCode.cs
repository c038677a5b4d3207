using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>Puts machine code into a page of its own that is never writable and executable at once (W^X).</summary>
internal static class ExecutableCode
{
    private const int RoutineAlignment = 32;

    /// <summary>Copies the routines into one executable page and returns the address of each. The page stays for the life of the process.</summary>
    /// <exception cref="SystemCallException">The page could not be had, for example because a security policy forbids executable anonymous memory.</exception>
    internal static unsafe nint[] Publish(params ReadOnlySpan<byte[]> routines)
    {
        var offsets = new int[routines.Length];
        int size = 0;
        for (int i = 0; i < routines.Length; i++)
        {
            offsets[i] = size;
            size += (routines[i].Length + RoutineAlignment - 1) & -RoutineAlignment;
        }

        nint length = (size + Environment.SystemPageSize - 1) & -Environment.SystemPageSize;
        nint page = Interop.mmap(0, length, Interop.PROT_READ | Interop.PROT_WRITE, Interop.MAP_PRIVATE | Interop.MAP_ANONYMOUS, -1, 0);
        if (page == Interop.MAP_FAILED)
            throw new SystemCallException("mmap", Marshal.GetLastPInvokeError());

        // SAFETY: the mapping is ours, writable, and at least `size` bytes long.
        new Span<byte>((void*)page, (int)length).Fill(0xCC); // int3: a jump past a routine's end stops there
        for (int i = 0; i < routines.Length; i++)
            routines[i].CopyTo(new Span<byte>((void*)(page + offsets[i]), routines[i].Length));

        if (Interop.mprotect(page, length, Interop.PROT_READ | Interop.PROT_EXEC) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            _ = Interop.munmap(page, length);
            throw new SystemCallException("mprotect", errno, "machine code needs executable anonymous memory, which this system forbids");
        }

        return Array.ConvertAll(offsets, offset => page + offset);
    }
}
