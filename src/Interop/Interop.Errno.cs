using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>errno(3).</summary>
internal static partial class Interop
{
    /// <summary>Where the calling OS thread's errno is.</summary>
    [LibraryImport("libc")]
    [SuppressGCTransition]
    internal static unsafe partial int* __errno_location();
}
