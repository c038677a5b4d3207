using System.Diagnostics;

namespace GreenThreads;

// Code that must not park although it may wait for a lock of the framework's: it holds a gate that a scheduler needs, or is called where somebody does.
// Every managed wait of a green thread comes to its synchronization context (GreenSynchronizationContext.Wait), a contended lock deep inside
// ConcurrentQueue too. In here such a wait blocks the OS thread, for the moment that the other OS thread needs to leave that lock; nobody can have parked
// while holding it, since all who use these objects do so in here.
//
// Not needed where no lock of the framework's can be met: the gates themselves spin (SpinGate), and what a scheduler does between picking the next green
// thread and finishing the switch is known by its state (Scheduler.IsBetweenGreenThreads).

/// <summary>A region of the calling thread's code that does not park. Use as: using (NoPark.Enter()) { ... }</summary>
internal readonly ref struct NoPark
{
    // Belongs to the green thread, as every thread static.
    [ThreadStatic]
    private static int t_depth;

    // Gates that the calling thread holds. Counted in debug builds only.
    [ThreadStatic]
    private static int t_gates;

    internal static bool IsInside => t_depth != 0;

    internal static NoPark Enter()
    {
        t_depth++;
        return default;
    }

    public void Dispose() => t_depth--;

    [Conditional("DEBUG")]
    internal static void NoteGate(int change) => t_gates += change;

    [Conditional("DEBUG")]
    internal static void AssertNoGateIsHeld() => Debug.Assert(t_gates == 0, "whoever holds a gate must not park");
}
