using System.Collections.Concurrent;

namespace GreenThreads;

// Bound mode: there is no scheduler and no coroutine, so a list says who lives.
public sealed partial class SchedulerGroup
{
    private readonly ConcurrentDictionary<GreenThread, bool> _bound = new();

    private ICollection<GreenThread> BoundThreads() => _bound.Keys;

    private void StartBound(GreenThread thread)
    {
        _bound.TryAdd(thread, true);
        try
        {
            thread.StartBound();
        }
        catch
        {
            CountEnd(thread);
            throw;
        }
    }
}
