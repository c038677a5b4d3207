namespace GreenThreads.Tests;

public sealed class CoroutineReserveTests
{
    // Sizes of stacks that nobody else uses.
    private const int OneSize = 5 * StackArena.DefaultStride;
    private const int OtherSize = 6 * StackArena.DefaultStride;

    [SwitchedFact]
    public void CLR_Threads_can_be_given_back_on_this_runtime() => Assert.True(CoroutineReaper.IsAvailable, CoroutineReaper.Describe());

    [SwitchedFact]
    public void A_reserve_that_shrinks_ends_the_oldest_and_leaves_the_others_fit_for_use()
    {
        CoroutineReserve reserve = CoroutineReserve.Of(OneSize);
        Coroutine[] coroutines = Idle(OneSize, 5);
        reserve.Add(coroutines);
        Assert.Equal(3, reserve.Shrink(3));
        Assert.Equal(2, reserve.Count);

        var pool = new CoroutinePool();
        Assert.True(reserve.TryMoveTo(pool, 5));
        var left = new List<Coroutine>();
        while (pool.TryTake(out Coroutine? coroutine))
            left.Add(coroutine!);
        Assert.Equal(coroutines[3..].ToHashSet(), left.ToHashSet());
        int ran = 0;
        TestCarrier.Run(carrier =>
        {
            foreach (Coroutine coroutine in left)
            {
                coroutine.Start(() => ran++);
                carrier.Finish(coroutine);
            }
        });
        Assert.Equal(2, ran);
    }

    [SwitchedFact]
    public void The_stack_of_one_that_was_ended_has_no_memory_and_serves_the_next()
    {
        CoroutineReserve reserve = CoroutineReserve.Of(OtherSize);
        Coroutine first = Idle(OtherSize, 1)[0];
        (nint limit, nint @base) = (first.StackLimit, first.StackBase);
        reserve.Add([first]);
        Assert.Equal(1, reserve.Shrink(1));
        Assert.Equal(0, Residency.CountPages(limit, PageEnd(@base) - limit));

        Coroutine second = Idle(OtherSize, 1)[0];
        Assert.Equal(@base, second.StackBase);
        reserve.Add([second]);
    }

    private static nint PageEnd(nint address) => (address + Environment.SystemPageSize - 1) & -(nint)Environment.SystemPageSize;

    private static Coroutine[] Idle(int stackReserve, int count)
    {
        var coroutines = new Coroutine[count];
        TestCarrier.Run(carrier =>
        {
            for (int i = 0; i < count; i++)
            {
                coroutines[i] = carrier.Create(() => { }, stackReserve);
                carrier.Finish(coroutines[i]);
            }
        });
        return coroutines;
    }
}
