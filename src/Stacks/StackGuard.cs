using System.Globalization;
using System.Runtime.InteropServices;

namespace GreenThreads;

// Makes the pages below a stack fault. MADV_GUARD_INSTALL (Linux 6.13) marks page table entries and leaves the arena one mapping, so a hundred
// thousand guards cost no map entries. Older kernels get mprotect, which splits the arena: two mappings more for each guard, until the
// process's limit is near. Then no further stack is given out: a stack without a guard would overflow into its neighbour in silence.
internal sealed class StackGuard
{
    // What the rest of the process may still map when ours have used up the limit.
    private const int MapsLeftToOthers = 8192;
    private const int MapsPerGuard = 2;

    private readonly int _mapLimit;
    private bool _useMprotect;
    private int _protectedGuards;

    /// <param name="useMprotect">Do not try the guard advice; for tests of the fallback.</param>
    /// <param name="mapLimit">Mappings that the process may have.</param>
    internal StackGuard(bool useMprotect, int mapLimit)
    {
        _useMprotect = useMprotect;
        _mapLimit = mapLimit;
    }

    internal string Kind => _useMprotect ? "mprotect" : "MADV_GUARD_INSTALL";

    /// <summary>vm.max_map_count, or its default where it cannot be read.</summary>
    internal static int ReadMapLimit()
    {
        const int kernelDefault = 65530;
        try
        {
            return int.Parse(File.ReadAllText("/proc/sys/vm/max_map_count"), CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            return kernelDefault;
        }
    }

    /// <summary>Guards the pages from <paramref name="address"/> on, for good. The caller sees to it that calls do not overlap.</summary>
    /// <exception cref="GreenThreadLimitException">A guard needs mappings and vm.max_map_count leaves none.</exception>
    internal void Install(nint address, nint length)
    {
        if (!_useMprotect)
        {
            if (Interop.madvise(address, length, Interop.MADV_GUARD_INSTALL) == 0)
                return;
            int errno = Marshal.GetLastPInvokeError();
            // EINVAL: an older kernel, or locked memory, where the advice is not allowed.
            if (errno != Errno.EINVAL)
                throw new SystemCallException("madvise", errno);
            _useMprotect = true;
        }

        if ((_protectedGuards + 1) * MapsPerGuard > _mapLimit - MapsLeftToOthers)
            throw OutOfMaps();
        if (Interop.mprotect(address, length, Interop.PROT_NONE) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            throw errno == Errno.ENOMEM ? OutOfMaps() : new SystemCallException("mprotect", errno);
        }
        _protectedGuards++;
    }

    private GreenThreadLimitException OutOfMaps() =>
        new($"{_protectedGuards} green thread stacks have guard pages, and this kernel (older than 6.13) needs mappings for more", "vm.max_map_count");
}
