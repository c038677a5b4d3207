namespace GreenThreads;

// Coroutines for green threads that start. Each scheduler has a pool of warm ones; what it has too many of goes to the reserve (CoroutineReserve), from
// where another scheduler takes them before anybody makes a new one.
internal sealed unsafe partial class Scheduler
{
    // Moved between the pool and the reserve at once.
    private const int PoolBatch = 32;

    private static readonly Action s_runTenants = RunTenants;

    private readonly CoroutinePool _pool = new();
    private readonly CoroutineReserve _reserve;
    private readonly CoroutineReserve _usedReserve;

    // With SchedulerGroupOptions.FreshThreadStatics: those that cannot forget theirs. They go to a reserve from which other groups are served.
    private readonly List<Coroutine> _used = [];
    private int _smallestPool;
    private int _largestPool;

    private void PreparePool()
    {
        _smallestPool = Group.MinimumIdleCoroutines;
        _largestPool = Group.MaximumIdleCoroutines;
        if (Group.StackReserve == StackArena.DefaultStride && GreenRuntime.TakeSpareCoroutine() is { } spare)
            _pool.Return(Furnish(spare));
        if (Group.HasFreshThreadStatics && Group.StackReserve == StackArena.DefaultStride && FreshThreadStatics.TakeSpare() is { } fresh)
            _pool.Return(Furnish(fresh));
        try
        {
            while (!IsHost && _pool.Count < _smallestPool)
                AddToPool();
        }
        catch (GreenThreadLimitException)
        {
            // Then there are fewer. Whoever needs one that cannot be made is told.
        }
    }

    private bool TryGiveNewCoroutine(GreenThread next)
    {
        try
        {
            // More than once only if what came from the reserve is of no use here.
            while (!TryAssignFromPool(next))
                FillPool();
            return true;
        }
        catch (Exception exception) when (next.KeepsExceptions && exception is (GreenThreadLimitException or SystemCallException))
        {
            next.Scheduler = this;
            next.Fail(exception);
            return false;
        }
    }

    private void FillPool()
    {
        GiveUsedAway();
        if (!Group.HasFreshThreadStatics && _usedReserve.TryMoveTo(_pool, PoolBatch))
            return;
        if (!_reserve.TryMoveTo(_pool, PoolBatch))
            AddToPool();
    }

    private void AddToPool()
    {
        if (Interop.IsMainThread(OsThreadId))
        {
            // The runtime would parse /proc/self/maps for the bounds of the main thread's stack, once for each (DESIGN.md §2).
            foreach (Coroutine made in CoroutineFactory.CreateElsewhere(PoolBatch, Group.StackReserve))
                _pool.Return(Furnish(made));
            return;
        }
        _pool.Return(Furnish(Coroutine.Create(_carrier, Group.StackReserve)));
    }

    private static Coroutine Furnish(Coroutine coroutine)
    {
        coroutine.CarriesExceptions = false;
        coroutine.Start(s_runTenants);
        return coroutine;
    }

    private bool TryAssignFromPool(GreenThread next)
    {
        while (_pool.TryTake(out Coroutine? coroutine))
        {
            if (Group.HasFreshThreadStatics && !coroutine!.CanForgetThreadStatics)
            {
                _used.Add(coroutine);
                continue;
            }
            Assign(coroutine!, next);
            return true;
        }
        return false;
    }

    // On the carrier's stack: it takes locks.
    private void GiveUsedAway()
    {
        if (_used.Count == 0)
            return;
        _usedReserve.Add(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_used));
        _used.Clear();
        _usedReserve.ShrinkIfLarge();
    }

    private void ShrinkPool()
    {
        GiveUsedAway();
        if (_pool.Count > _largestPool)
            _pool.MoveExcessTo(_reserve, Math.Max(_largestPool / 2, _smallestPool));
    }
}
