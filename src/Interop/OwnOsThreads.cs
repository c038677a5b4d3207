using System.Collections.Concurrent;

namespace GreenThreads;

/// <summary>Which OS threads of the process run nothing but the library's own code, and green threads.</summary>
internal static class OwnOsThreads
{
    private static readonly ConcurrentDictionary<int, byte> s_ids = new();

    internal static bool Contains(int osThreadId) => s_ids.ContainsKey(osThreadId);

    /// <summary>The calling OS thread is one until the end of the region. Use as: using (OwnOsThreads.Enter()) { ... }</summary>
    internal static Region Enter()
    {
        int id = Interop.gettid();
        s_ids.TryAdd(id, 0);
        return new Region(id);
    }

    internal readonly ref struct Region(int id)
    {
        public void Dispose() => s_ids.TryRemove(id, out _);
    }
}
