using System.Collections.Concurrent;

namespace GreenThreads;

// Bound mode: there is no scheduler and no coroutine, so a list says who lives, and on which OS thread.
public sealed partial class SchedulerGroup
{
    private readonly ConcurrentDictionary<GreenThread, Thread> _bound = new();

    /// <summary>The OS thread of a green thread is about to start.</summary>
    internal void AddBound(GreenThread thread, Thread osThread) => _bound.TryAdd(thread, osThread);

    /// <summary>The green thread has ended, or its OS thread could not be started; the last that the OS thread does here.</summary>
    internal void RemoveBound(GreenThread thread) => _bound.TryRemove(thread, out _);

    // Run: the calling OS thread is the green thread.
    private GreenThread RunBound(Action body, in SpawnOptions options)
    {
        var thread = new GreenThread(this, body, options, TakeId(here: null));
        CountSpawn(thread, here: null);
        AddBound(thread, Thread.CurrentThread);
        System.Threading.SynchronizationContext? callers = System.Threading.SynchronizationContext.Current;
        thread.RunBound();
        System.Threading.SynchronizationContext.SetSynchronizationContext(callers);
        RemoveBound(thread);
        return thread;
    }

    private void StartBound(GreenThread thread)
    {
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
