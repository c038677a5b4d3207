using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>
/// Reads of this process's memory that cannot fault, a page at a time: whoever follows the runtime's tables reads many words side by side, and a
/// page costs hardly more than a word. What was read once stays as it was until <see cref="Clear"/>. Not thread-safe.
/// </summary>
internal sealed class PageCache(SelfMemory memory)
{
    // Fewer than one walk of many frames reads; what is beyond is read word by word.
    private const int MaximumPages = 512;

    private static readonly int s_pageSize = Environment.SystemPageSize;

    private readonly Dictionary<nint, byte[]?> _pages = [];
    private readonly Stack<byte[]> _buffers = [];

    internal void Clear()
    {
        foreach (byte[]? page in _pages.Values)
        {
            if (page is not null)
                _buffers.Push(page);
        }
        _pages.Clear();
    }

    internal bool TryRead<T>(nint address, out T value) where T : unmanaged
    {
        int offset = (int)(address & (s_pageSize - 1));
        if (offset + Unsafe.SizeOf<T>() > s_pageSize)
            return memory.TryRead(address, out value);
        if (!_pages.TryGetValue(address - offset, out byte[]? page))
        {
            if (_pages.Count >= MaximumPages)
                return memory.TryRead(address, out value);
            page = _buffers.TryPop(out byte[]? free) ? free : new byte[s_pageSize];
            if (!memory.TryRead(address - offset, page))
            {
                _buffers.Push(page);
                page = null;
            }
            _pages.Add(address - offset, page);
        }
        value = page is null ? default : MemoryMarshal.Read<T>(page.AsSpan(offset));
        return page is not null;
    }

    /// <summary>What is at the address; 0 if nothing is. A chain of reads through null or bad pointers so ends in 0.</summary>
    internal T ReadOrDefault<T>(nint address) where T : unmanaged => TryRead(address, out T value) ? value : default;
}
