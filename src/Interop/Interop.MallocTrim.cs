using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>malloc_trim(3): gives free memory of the C library's heaps back to the system.</summary>
internal static partial class Interop
{
    [LibraryImport("libc")]
    internal static partial int malloc_trim(nint pad);
}
