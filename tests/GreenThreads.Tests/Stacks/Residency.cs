using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary>Which pages of ours have memory behind them: mincore(2).</summary>
internal static unsafe partial class Residency
{
    [LibraryImport("libc", SetLastError = true)]
    private static partial int mincore(nint addr, nint length, byte* vec);

    /// <summary>How many pages from the given one on have memory.</summary>
    internal static nint CountPages(nint start, nint length)
    {
        int page = Environment.SystemPageSize;
        var pages = new byte[(length + page - 1) / page];
        fixed (byte* vector = pages)
            Assert.True(mincore(start, length, vector) == 0, $"mincore: errno {Marshal.GetLastPInvokeError()}");
        return pages.Count(state => (state & 1) != 0);
    }
}
