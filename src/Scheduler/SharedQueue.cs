using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace GreenThreads;

/// <summary>A queue of runnable green threads that any thread adds to and takes from. Never parks.</summary>
internal sealed class SharedQueue
{
    private readonly ConcurrentQueue<GreenThread> _queue = new();

    internal int Count
    {
        get
        {
            using (NoPark.Enter())
                return _queue.Count;
        }
    }

    internal bool IsEmpty
    {
        get
        {
            using (NoPark.Enter())
                return _queue.IsEmpty;
        }
    }

    internal void Enqueue(GreenThread thread)
    {
        using (NoPark.Enter())
            _queue.Enqueue(thread);
    }

    internal bool TryDequeue([NotNullWhen(true)] out GreenThread? thread)
    {
        using (NoPark.Enter())
            return _queue.TryDequeue(out thread);
    }
}
