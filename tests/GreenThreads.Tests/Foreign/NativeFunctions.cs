using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary>Functions of the C library by their addresses, and callbacks for them.</summary>
internal static unsafe class NativeFunctions
{
    private static readonly nint s_libc = NativeLibrary.Load("libc.so.6");

    internal static nint QSort { get; } = NativeLibrary.GetExport(s_libc, "qsort");

    internal static nint GetPid { get; } = NativeLibrary.GetExport(s_libc, "getpid");

    internal static nint Abs { get; } = NativeLibrary.GetExport(s_libc, "labs");

    internal static nint Close { get; } = NativeLibrary.GetExport(s_libc, "close");

    /// <summary>bsearch(key, base, count, size, compare): five arguments, and calls the last.</summary>
    internal static nint BSearch { get; } = NativeLibrary.GetExport(s_libc, "bsearch");

    /// <summary>snprintf(buffer, size, format, ...): variable arguments.</summary>
    internal static nint Print { get; } = NativeLibrary.GetExport(s_libc, "snprintf");

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal delegate int Comparer(int* left, int* right);

    /// <summary>Sorts by the C library, with a comparer in managed code.</summary>
    internal static void Sort(int[] numbers, Comparer comparer)
    {
        fixed (int* first = numbers)
            Foreign.Call(QSort, (nint)first, numbers.Length, sizeof(int), Marshal.GetFunctionPointerForDelegate(comparer));
        GC.KeepAlive(comparer);
    }

    internal static int[] Shuffled(int count, int seed)
    {
        int[] numbers = [.. Enumerable.Range(0, count)];
        new Random(seed).Shuffle(numbers);
        return numbers;
    }
}
