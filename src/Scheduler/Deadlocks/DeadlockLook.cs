using System.Runtime.InteropServices;

namespace GreenThreads;

// One look at who waits for what. Nobody is stopped for it; that nobody moved meanwhile is checked instead:
//
//   all schedulers asleep, nothing queued, no timer, moves = m
//   each green thread that lives is parked, and waits for something known and nothing else
//   each OS thread that has a reference to what they wait for, or has spawned any of them, has ended, or does the same
//   each is in the list of what it waits for: who has been granted something is not in it any more, even if it has not woken yet
//   all schedulers asleep, nothing queued, no timer, moves = m
//
// A scheduler picks before it runs anybody, so between the two outer lines no green thread of the group ran, and what was found of them one by one was true of all
// at once. An OS thread counts its own moves, which are compared between two looks.
//
// What is not asked: who has which right. Where every party waits, it does not matter who of them might have released whom.
internal sealed class DeadlockLook(SchedulerGroup group)
{
    private readonly List<Waiter> _waiters = [];
    private readonly List<OsThreadWaiter> _osThreads = [];
    private readonly HashSet<Waiter> _known = [];
    private readonly HashSet<object> _targets = [];

    // Who is in the list of what; and the two are filled anew for each one that is asked.
    private readonly HashSet<(Waiter, GreenPrimitive)> _listed = [];
    private readonly List<object> _targetsOfOne = [];
    private readonly List<object> _targetsOfOther = [];
    private readonly List<WaitNode> _nodes = [];
    private readonly List<OsThreadWaiter> _holders = [];

    /// <summary>Those who wait: the green threads, then OS threads.</summary>
    internal IReadOnlyList<Waiter> Waiters => _waiters;

    /// <summary>The OS threads among them.</summary>
    internal IReadOnlyList<OsThreadWaiter> OsThreads => _osThreads;

    /// <summary>How much has ever moved; the same in two looks if nobody has.</summary>
    internal long Moves { get; private set; }

    /// <summary>
    /// The number of the oldest primitive that anybody may let the waiters go on at, as far as its owner shows: code that has not shown yet that it has a reference may.
    /// <see cref="long.MaxValue"/> if there is none.
    /// </summary>
    internal long OldestWithoutOwner { get; private set; } = long.MaxValue;

    /// <summary>Does it.</summary>
    /// <param name="witness">Who may well be the reason to stop at once; gets who was.</param>
    internal DeadlockVerdict Run(WeakReference<GreenThread?>? witness)
    {
        (long living, long noDaemons, long operations) = group.CountForTools();
        if (noDaemons == 0)
            return DeadlockVerdict.Alive;
        // A host may be blocked while the monitor sleeps, and falls asleep later without a word to it.
        if (!group.HasNothingAhead)
            return group.AreAllAsleep ? DeadlockVerdict.Alive : DeadlockVerdict.HeldBack;
        if (witness is not null && witness.TryGetTarget(out GreenThread? last) && last is { State: GreenThreadState.Parked } && !IsStuckByItself(last))
            return DeadlockVerdict.Alive;
        long moves = group.CountMoves();
        foreach (GreenThread thread in group.LivingThreadsForTools)
        {
            if (thread.State == GreenThreadState.Ended)
                continue;
            if (!IsStuckByItself(thread))
            {
                witness?.SetTarget(thread);
                return DeadlockVerdict.Alive;
            }
            Add(thread);
        }
        if (_waiters.Count != living)
            return DeadlockVerdict.HeldBack;
        bool isStuck = operations == 0 && AreStuckTogether() && group.HasNothingAhead && group.CountMoves() == moves;
        Moves = moves + _waiters.Sum(MovesOf);
        return isStuck ? DeadlockVerdict.Deadlocked : DeadlockVerdict.HeldBack;
    }

    /// <summary>What a waiter waits for: primitives, green threads, scopes, groups. None at all for a select without a case.</summary>
    /// <returns>False if it waits for something that is none of these.</returns>
    internal static bool TryCopyTargets(Waiter waiter, List<object> targets)
    {
        switch (waiter.WaitsFor)
        {
            case SelectWait select:
                select.CopyTargetsTo(targets);
                return true;
            case object target and (GreenPrimitive or GreenThread or GreenScope or SchedulerGroup):
                targets.Add(target);
                return true;
            default:
                return false;
        }
    }

    private static long MovesOf(Waiter waiter) => waiter switch
    {
        OsThreadWaiter osThread => osThread.Moves,
        GreenThread { BoundWaiter: { } bound } => bound.Moves,
        _ => 0,
    };

    // A green thread that was cancelled will leave its wait.
    private bool IsStuckByItself(GreenThread thread)
    {
        _targetsOfOne.Clear();
        return thread.IsAtRest && thread.WaitsForNothingElse && !thread.IsCanceled && thread.Coroutine?.TenantsWait is null && TryCopyTargets(thread, _targetsOfOne)
            && !WillBeCanceled(thread);
    }

    // By a scope around it that has a deadline or a token.
    private static bool WillBeCanceled(GreenThread thread)
    {
        for (GreenScope? scope = thread.InnermostScope; scope is not null; scope = scope.Parent)
        {
            if (scope.EndsByTimeOrToken)
                return true;
        }
        return false;
    }

    private void Add(Waiter waiter)
    {
        if (!_known.Add(waiter))
            return;
        _waiters.Add(waiter);
        if (waiter is OsThreadWaiter osThread)
            _osThreads.Add(osThread);
    }

    private bool AreStuckTogether()
    {
        if (!group.TryCopySpawnersTo(_holders) || !_holders.TrueForAll(IsStuckOrGone))
            return false;
        // It grows meanwhile, by OS threads.
        for (int i = 0; i < _waiters.Count; i++)
        {
            _targetsOfOne.Clear();
            TryCopyTargets(_waiters[i], _targetsOfOne);
            foreach (object target in CollectionsMarshal.AsSpan(_targetsOfOne))
            {
                if (_targets.Add(target) && !IsStuck(target))
                    return false;
            }
        }
        return _waiters.TrueForAll(AreAllListed);
    }

    private bool IsStuck(object target) => target switch
    {
        GreenPrimitive primitive => IsStuck(primitive),
        GreenScope scope => scope.CopyChildren() is { Count: > 0 } children && children.TrueForAll(IsStuck),
        GreenThread thread => thread.Group == group && thread.State != GreenThreadState.Ended,
        _ => target == group,
    };

    private bool IsStuck(GreenPrimitive primitive)
    {
        if (primitive.IsFedFromOutside)
            return false;
        if (primitive.OwnerForTools is null)
            OldestWithoutOwner = Math.Min(OldestWithoutOwner, primitive.Number);
        _holders.Clear();
        if (!primitive.TryCopyOutsideHoldersTo(_holders))
            return false;
        if (!_holders.TrueForAll(IsStuckOrGone))
            return false;
        _nodes.Clear();
        primitive.CopyWaitersTo(_nodes);
        foreach (WaitNode node in _nodes)
        {
            // Somebody of another group, or asynchronous code, would be there too. All OS threads here are holders.
            if (node.WaiterForTools is not { } waiter || (waiter is not OsThreadWaiter && !_known.Contains(waiter)))
                return false;
            _listed.Add((waiter, primitive));
        }
        return true;
    }

    private bool IsStuckOrGone(OsThreadWaiter osThread) => osThread.IsGone || TryAdd(osThread);

    private bool TryAdd(OsThreadWaiter osThread)
    {
        _targetsOfOther.Clear();
        if (!osThread.IsParkedForGood || !osThread.WaitsForNothingElse || !TryCopyTargets(osThread, _targetsOfOther))
            return false;
        Add(osThread);
        return true;
    }

    private bool AreAllListed(Waiter waiter)
    {
        _targetsOfOne.Clear();
        return TryCopyTargets(waiter, _targetsOfOne)
            && _targetsOfOne.TrueForAll(target => target is not GreenPrimitive primitive || _listed.Contains((waiter, primitive)));
    }
}
