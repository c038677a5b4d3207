using System.Runtime.InteropServices;

namespace GreenThreads;

internal static partial class Interop
{
    internal const int X_OK = 1;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int access(string path, int mode);
}
