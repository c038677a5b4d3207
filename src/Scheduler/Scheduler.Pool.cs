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
    private int _smallestPool;
    private int _largestPool;

    private void PreparePool()
    {
        _smallestPool = Group.MinimumIdleCoroutines;
        _largestPool = Group.MaximumIdleCoroutines;
        if (Group.StackReserve == StackArena.DefaultStride && GreenRuntime.TakeSpareCoroutine() is { } spare)
            _pool.Return(Furnish(spare));
        try
        {
            while (_pool.Count < _smallestPool)
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
            if (_pool.Count == 0 && !_reserve.TryMoveTo(_pool, PoolBatch))
                AddToPool();
        }
        catch (Exception exception) when (next.KeepsExceptions && exception is (GreenThreadLimitException or SystemCallException))
        {
            next.Scheduler = this;
            next.Fail(exception);
            return false;
        }
        return TryAssignFromPool(next);
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
        if (!_pool.TryTake(out Coroutine? coroutine))
            return false;
        Assign(coroutine!, next);
        return true;
    }

    private void ShrinkPool()
    {
        if (_pool.Count > _largestPool)
            _pool.MoveExcessTo(_reserve, Math.Max(_largestPool / 2, _smallestPool));
    }
}
