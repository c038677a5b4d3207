using System.Diagnostics;

namespace GreenThreads;

// One wait of a green thread that a waiter thread does for it.
//
//   Pending    in the waiter thread's hands
//   Answered   the waiter thread has given its answer, and will not touch the handles again
//   Taken      the green thread goes on with it
//   Robbed     somebody else goes on with it; the green thread has to wait anew
//
// Only the waiter thread answers, so an answer is never lost to a cancellation that comes at the same time: the green thread can only ask for one
// (Withdraw), and waits for it. The handles stay open until then, since their owner has not returned from the call that waits.
//
// Why somebody may rob it: a lock signals its event once, and no second time before the one that was woken has come. If that one is affine to a scheduler
// whose OS thread waits for the same lock (in a static constructor, or in code of ours that must not park), it cannot come, and the lock, which is free,
// stays closed to everybody. So whoever has to block an OS thread looks now and then whether its signal lies with a green thread that has not run since.

/// <summary>Handles that a green thread waits for, any one of them, and the answer.</summary>
internal sealed class HandleWait(GreenThread thread, IntPtr[] handles, Deadline deadline)
{
    /// <summary>The answer of a wait that was withdrawn.</summary>
    internal const int Withdrawn = -1;

    /// <summary>The answer of a wait that cannot be done together with others.</summary>
    internal const int CannotBeShared = -2;

    private const int Pending = 0;
    private const int Answered = 1;
    private const int Taken = 2;
    private const int Robbed = 3;

    private int _state = Pending;
    private int _answer;
    private volatile bool _isWithdrawn;

    internal IntPtr[] Handles { get; } = handles;

    internal Deadline Deadline { get; } = deadline;

    /// <summary>Where it waits. Written under the gate of <see cref="HandleWaiters"/>, before anybody else knows it.</summary>
    internal HandlePlace? Place { get; set; }

    internal bool IsWithdrawn => _isWithdrawn;

    internal bool WasRobbed => Volatile.Read(ref _state) == Robbed;

    /// <summary>Asks for an early answer. The green thread.</summary>
    internal void Withdraw()
    {
        _isWithdrawn = true;
        Place!.Waiter.WakeForWithdrawal();
    }

    /// <summary>The waiter thread, once.</summary>
    internal void End(int answer)
    {
        Debug.Assert(_state == Pending, "a wait has one answer");
        _answer = answer;
        Volatile.Write(ref _state, Answered); // Release: pairs with the compare-exchanges of those who take the answer.
        thread.Wake();
    }

    /// <summary>Takes the answer, if there is one: what <see cref="GreenSynchronizationContext.Wait"/> is to return, or one of the constants. The green thread.</summary>
    internal bool TryTake(out int answer)
    {
        bool isMine = Interlocked.CompareExchange(ref _state, Taken, Answered) == Answered;
        answer = isMine ? _answer : default;
        return isMine;
    }

    /// <summary>Takes the answer in the green thread's place if it is the signal of that handle, and its green thread has not gone on with it. Any thread.</summary>
    internal bool TryRob(IntPtr handle, out int abandoned)
    {
        abandoned = 0;
        if (Volatile.Read(ref _state) != Answered || _answer is < 0 or GreenSynchronizationContext.WaitTimeout)
            return false;
        abandoned = _answer & GreenSynchronizationContext.WaitAbandoned;
        return Handles[_answer & ~GreenSynchronizationContext.WaitAbandoned] == handle && Interlocked.CompareExchange(ref _state, Robbed, Answered) == Answered;
    }
}
