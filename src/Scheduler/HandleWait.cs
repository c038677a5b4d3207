using System.Diagnostics;

namespace GreenThreads;

// One wait of a green thread that a waiter thread does for it.
//
//   Pending   in the waiter thread's hands
//   Over      the waiter thread has given its answer, and will not touch the handles again
//
// Only the waiter thread makes that step, so an answer is never lost to a cancellation that comes at the same time: the green thread can only ask for one
// (Withdraw), and waits for the answer. The handles stay open until then, since their owner has not returned from the call that waits.

/// <summary>Handles that a green thread waits for, any one of them, and the answer.</summary>
internal sealed class HandleWait(GreenThread thread, IntPtr[] handles, Deadline deadline)
{
    /// <summary>The answer of a wait that was withdrawn.</summary>
    internal const int Withdrawn = -1;

    /// <summary>The answer of a wait that cannot be done together with others.</summary>
    internal const int CannotBeShared = -2;

    private volatile bool _isOver;
    private volatile bool _isWithdrawn;

    internal IntPtr[] Handles { get; } = handles;

    internal Deadline Deadline { get; } = deadline;

    /// <summary>Where it waits. Written under the gate of <see cref="HandleWaiters"/>, before anybody else knows it.</summary>
    internal HandlePlace? Place { get; set; }

    internal bool IsOver => _isOver;

    internal bool IsWithdrawn => _isWithdrawn;

    /// <summary>What <see cref="GreenSynchronizationContext.Wait"/> is to return, or one of the constants. Valid once it is over.</summary>
    internal int Answer { get; private set; }

    /// <summary>Asks for an early answer. The green thread.</summary>
    internal void Withdraw()
    {
        _isWithdrawn = true;
        Place!.Waiter.WakeForWithdrawal();
    }

    /// <summary>The waiter thread, once.</summary>
    internal void End(int answer)
    {
        Debug.Assert(!_isOver, "a wait has one answer");
        Answer = answer;
        _isOver = true; // Release: pairs with the acquire of whoever reads the answer.
        thread.Wake();
    }
}
