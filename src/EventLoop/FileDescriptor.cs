using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GreenThreads;

/// <summary>A descriptor that this process owns. It is closed once, after the last system call on it has returned.</summary>
internal class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    internal FileDescriptor(int descriptor)
        : base(ownsHandle: true)
    {
        SetHandle(descriptor);
    }

    /// <summary>Wraps what a system call returned.</summary>
    /// <exception cref="SystemCallException">It returned -1.</exception>
    internal static FileDescriptor From(string call, int result) =>
        result < 0 ? throw new SystemCallException(call, Marshal.GetLastPInvokeError()) : new FileDescriptor(result);

    protected override bool ReleaseHandle() => Interop.close((int)handle) == 0;
}
