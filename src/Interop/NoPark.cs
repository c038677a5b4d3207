namespace GreenThreads;

// Code that must not park although it may wait for a lock of the framework's: it holds a gate that a scheduler needs (SpinGate), or it is called where somebody
// may hold one. Every managed wait of a green thread comes to its synchronization context (GreenSynchronizationContext.Wait), a contended lock deep
// inside ConcurrentQueue or in the array pool behind a string too. In here such a wait blocks the OS thread, for the moment that whoever has the lock needs to
// leave it: locks of the framework that are met here are held for a few instructions, never over a wait for another.
//
// Not needed between picking the next green thread and finishing the switch: that is known by the scheduler's state (Scheduler.IsBetweenGreenThreads).

/// <summary>A region of the calling thread's code that does not park. Use as: using (NoPark.Enter()) { ... }</summary>
internal readonly ref struct NoPark
{
    // Belongs to the green thread, as every thread static.
    [ThreadStatic]
    private static int t_depth;

    internal static bool IsInside => t_depth != 0;

    internal static NoPark Enter()
    {
        t_depth++;
        return default;
    }

    public void Dispose() => t_depth--;
}
