using System.Globalization;
using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>How much address space the process may still map: getrlimit(2), RLIMIT_AS, less what /proc/self/statm says is mapped.</summary>
internal static partial class AddressSpace
{
    private const int RLIMIT_AS = 9;
    private const ulong RLIM_INFINITY = ulong.MaxValue;

    // struct rlimit, getrlimit(2)
    private struct ResourceLimit
    {
        public ulong rlim_cur;
        public ulong rlim_max;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int getrlimit(int resource, ResourceLimit* rlim);

    /// <summary>Bytes; <see cref="nint.MaxValue"/> without a limit.</summary>
    internal static unsafe nint Available
    {
        get
        {
            // SAFETY: the kernel fills in the one structure.
            ResourceLimit limit;
            if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
                return nint.MaxValue;
            string pages = File.ReadAllText("/proc/self/statm").Split(' ')[0];
            ulong mapped = ulong.Parse(pages, CultureInfo.InvariantCulture) * (ulong)Environment.SystemPageSize;
            return limit.rlim_cur <= mapped ? 0 : (nint)Math.Min(limit.rlim_cur - mapped, (ulong)nint.MaxValue);
        }
    }
}
