using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>
/// Reads this process's memory at addresses that may not be mapped. Goes through /proc/self/mem, because a bad address is then an error
/// and not a fault; process_vm_readv would do as well, but container profiles forbid it more often.
/// </summary>
internal sealed partial class SelfMemory : IDisposable
{
    private readonly Microsoft.Win32.SafeHandles.SafeFileHandle _file =
        File.OpenHandle("/proc/self/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint pread(Microsoft.Win32.SafeHandles.SafeFileHandle fd, void* buf, nint count, nint offset);

    internal unsafe bool TryRead<T>(nint address, out T value) where T : unmanaged
    {
        T copy = default;
        bool read = TryRead(address, new Span<byte>(&copy, sizeof(T)));
        value = copy;
        return read;
    }

    internal unsafe bool TryRead(nint address, Span<byte> destination)
    {
        // SAFETY: the kernel writes at most destination.Length bytes into the pinned span.
        fixed (byte* buffer = destination)
            return address > 0 && pread(_file, buffer, destination.Length, address) == destination.Length;
    }

    /// <summary>What is at the address; 0 if nothing is. A chain of reads through null or bad pointers so ends in 0.</summary>
    internal T ReadOrDefault<T>(nint address) where T : unmanaged => TryRead(address, out T value) ? value : default;

    public void Dispose() => _file.Dispose();
}
