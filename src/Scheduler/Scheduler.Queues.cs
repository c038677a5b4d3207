using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GreenThreads;

// Where a runnable green thread goes.
//
//   spawned here                     the ring's tail
//   woken here by a green thread     the slot: it runs next, and what was in the slot goes to the ring. At most NextBudget times in a row, then the
//                                    ring has its turn: two that keep waking each other must not starve the rest (tokio#4941)
//   woken here by a poll or a timer  the ring, in the order of the events
//   affine (DESIGN.md §2 rule 9)     the queue of affine ones of the scheduler where it parked. Nobody steals from it; while it is not empty, every
//                                    second pick is one of its
//   the ring is full                 the older half of it goes to the group's injection queue; as long as there is more in there than the ring has room
//                                    for, whoever yields goes to its end, so that all have their turn
//   a retired spare                  the injection queue, always; affine ones it still runs itself
//
// The slot is not stolen: its green thread runs within microseconds. When its scheduler is late, the monitor empties it into the injection queue.
internal sealed partial class Scheduler
{
    // Picks from the slot in a row. A guess; tokio has 3, Go limits by time.
    private const int NextBudget = 16;

    private readonly RunQueue _queue = new();

    // Any thread enqueues; the owner dequeues. The count is written after the enqueue, so an empty queue costs the owner one read.
    private readonly SharedQueue _affine = new();
    private int _affineCount;

    // Somebody's thread statics would not migrate with their green thread: see GreenRuntime.MayMigrate.
    private readonly bool _mayNotMigrate = !GreenRuntime.MayMigrate;

    // Owner scheduler only.
    private readonly GreenThread?[] _overflow = new GreenThread?[RunQueue.StandardCapacity / 2];
    private bool _isServingPoll;

    // There is more in the injection queue than fits into the ring.
    private bool _isInjectionLong;
    private bool _isAffineTurn;
    private int _nextBudget = NextBudget;

    // Set by the monitor when a lone entry has lain in the ring for too long, or the owner is stuck; taken back by the thief.
    private volatile bool _sharesLast;
    private volatile bool _isRetired;

    /// <summary>How many wait here to be run. Any thread.</summary>
    internal int QueuedCount => _queue.Count + (_queue.HasNext ? 1 : 0) + AffineCount;

    internal int AffineCount => Volatile.Read(ref _affineCount);

    /// <summary>Whether something lies in the ring, which others may take.</summary>
    internal bool HasBacklog => _queue.Count != 0;

    /// <summary>A spare that is not needed: it takes no work, and hands on what it has.</summary>
    internal bool IsRetired => _isRetired;

    /// <summary>
    /// Whether a thief may help itself. A lone entry is left to the owner, who will get to it at once, until the monitor finds that it does not.
    /// </summary>
    internal bool IsWorthStealing
    {
        get
        {
            int count = _queue.Count;
            return count >= 2 || (count == 1 && (_sharesLast || _queue.HasNext));
        }
    }

    /// <summary>Makes a new green thread runnable here. Owner scheduler only, on any of its stacks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EnqueueSpawned(GreenThread thread)
    {
        Push(thread);
        NotifyOfBacklog();
    }

    /// <summary>Makes a green thread runnable here that was woken here. Owner scheduler only, on any of its stacks.</summary>
    internal void EnqueueWoken(GreenThread thread)
    {
        if (_isServingPoll)
        {
            Push(thread);
            return;
        }
        if (_isRetired)
        {
            Group.Inject(thread);
            return;
        }
        if (_queue.PushNext(thread) is { } previous)
            Push(previous);
        NotifyOfBacklog();
    }

    /// <summary>Makes a green thread runnable here that can run nowhere else. Any thread; never blocks.</summary>
    internal void EnqueueAffine(GreenThread thread)
    {
        Debug.Assert(thread.Home == this, "an affine green thread has one home");
        _affine.Enqueue(thread);
        Interlocked.Increment(ref _affineCount); // Full fence: pairs with the one in Sleep.
        if (_isAsleep && !IsCurrent)
            EventLoop.Interrupt();
    }

    /// <summary>Empties the slot of a scheduler that is late. The monitor.</summary>
    internal GreenThread? TakeNextOfLate() => _queue.TakeNext();

    /// <summary>Lets thieves have even a lone entry. The monitor.</summary>
    internal void ShareLast() => _sharesLast = true;

    internal void Retire() => _isRetired = true;

    /// <summary>A retired spare is needed again.</summary>
    internal void Recall()
    {
        _isRetired = false;
        EventLoop.Interrupt();
    }

    // Owner scheduler only, as all below.
    private void EnqueueHere(GreenThread thread)
    {
        if (thread.Home is { } home)
            home.EnqueueAffine(thread); // Here, or where it wants to go (MoveTo).
        else if (_isInjectionLong && !IsSpare)
            Group.Injected.Enqueue(thread);
        else if (_isInjectionLong)
            Group.Inject(thread); // It may retire now, and look there no more.
        else
            Push(thread);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Push(GreenThread thread)
    {
        Debug.Assert(thread.Home is null, "an affine green thread is not for the ring");
        if (_isRetired || !_queue.TryPush(thread))
            PushSlow(thread);
    }

    private void PushSlow(GreenThread thread)
    {
        if (_isRetired)
        {
            Group.Inject(thread);
            return;
        }
        while (!_queue.TryPush(thread))
        {
            int count = _queue.TakeHalf(_overflow);
            for (int i = 0; i < count; i++)
                Group.Injected.Enqueue(_overflow[i]!);
            if (count > 0)
                Group.NotifyOfInjection();
        }
        Array.Clear(_overflow);
    }

    // No fence: this scheduler is awake and will get to all of it; see SleepProtocol.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void NotifyOfBacklog()
    {
        if (Group.HasSeveralSchedulers && IsWorthStealing)
            _sleepers.Notify();
    }

    private GreenThread? TakeAffine()
    {
        if (!_affine.TryDequeue(out GreenThread? thread))
            return null;
        Interlocked.Decrement(ref _affineCount);
        return thread;
    }

    // A spare that has just retired still has a ring.
    private void HandOnQueue()
    {
        while ((_queue.TakeNext() ?? _queue.Pop()) is { } thread)
            Group.Inject(thread);
    }
}
