using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GreenThreads.Samples.Sha1;

/// <summary>What is wrong with a file, in the words of the C library.</summary>
internal sealed class InputFileException(int errno) : Exception(Marshal.GetPInvokeErrorMessage(errno));

/// <summary>
/// A file to read, by system calls that block: epoll does not know regular files. <see cref="Foreign.RunBlocking(Action)"/> makes them on an OS thread of their own.
/// </summary>
internal sealed partial class InputFile : IDisposable
{
    internal const string StandardInput = "-";

    private const int O_RDONLY = 0;
    private const int O_CLOEXEC = 0x80000;
    private const int EINTR = 4;

    private readonly SafeFileHandle _handle;

    private InputFile(SafeFileHandle handle) => _handle = handle;

    /// <summary>Opens it; the standard input for "-". Parks.</summary>
    /// <exception cref="InputFileException">It cannot be opened.</exception>
    internal static InputFile Open(string name) => Foreign.RunBlocking(() =>
    {
        if (name == StandardInput)
            return new InputFile(new SafeFileHandle(0, ownsHandle: false));
        int descriptor = open(name, O_RDONLY | O_CLOEXEC);
        return descriptor < 0 ? throw new InputFileException(Marshal.GetLastPInvokeError()) : new InputFile(new SafeFileHandle(descriptor, ownsHandle: true));
    });

    /// <summary>Fills the buffer, or reads to the end. Parks.</summary>
    /// <returns>How many bytes; fewer than the buffer has room for only at the end.</returns>
    /// <exception cref="InputFileException">It cannot be read.</exception>
    internal int Read(byte[] buffer) => Foreign.RunBlocking(() =>
    {
        int length = 0;
        while (length < buffer.Length)
        {
            nint count = read(_handle, ref buffer[length], buffer.Length - length);
            if (count == 0)
                break;
            if (count > 0)
                length += (int)count;
            else if (Marshal.GetLastPInvokeError() != EINTR)
                throw new InputFileException(Marshal.GetLastPInvokeError());
        }
        return length;
    });

    public void Dispose() => _handle.Dispose();

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeFileHandle file, ref byte buffer, nint count);
}
