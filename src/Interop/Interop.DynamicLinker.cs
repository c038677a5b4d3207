using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>dlopen(3) and dlinfo(3) of glibc 2.34 and later, where they are part of libc itself.</summary>
internal static partial class Interop
{
    internal const int RTLD_LAZY = 1;
    internal const int RTLD_NOLOAD = 4;

    internal const int RTLD_DI_LINKMAP = 2;
    internal const int RTLD_DI_TLS_DATA = 10;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint dlopen(string? filename, int flags);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint dlsym(nint handle, string symbol);

    [LibraryImport("libc")]
    internal static unsafe partial int dlinfo(nint handle, int request, void* info);
}
