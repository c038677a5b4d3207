namespace GreenThreads.Tests;

public sealed class CoroutinePoolTests
{
    private readonly CoroutinePool _pool = new();

    [SwitchedFact]
    public void The_coroutine_that_came_back_last_is_taken_first()
    {
        Coroutine[] coroutines = Idle(3);
        foreach (Coroutine coroutine in coroutines)
            _pool.Return(coroutine);
        Assert.Equal(3, _pool.Count);
        foreach (Coroutine expected in coroutines.Reverse())
        {
            Assert.True(_pool.TryTake(out Coroutine? taken));
            Assert.Same(expected, taken);
        }
        Assert.False(_pool.TryTake(out _));
        Assert.Equal(0, _pool.Count);
    }

    [SwitchedFact]
    public void A_stack_is_trimmed_once_when_it_has_rested_from_one_trim_to_the_next()
    {
        Fill(3);
        Assert.True(_pool.NeedsTrim);
        Assert.Equal(0, _pool.Trim());
        Assert.True(_pool.NeedsTrim);
        Assert.Equal(3, _pool.Trim());
        Assert.False(_pool.NeedsTrim);
        Assert.Equal(0, _pool.Trim());
    }

    [SwitchedFact]
    public void A_stack_that_was_used_in_between_is_not_trimmed()
    {
        Fill(3);
        Assert.Equal(0, _pool.Trim());
        Assert.True(_pool.TryTake(out Coroutine? coroutine));
        _pool.Return(coroutine!);
        Assert.Equal(2, _pool.Trim());
        Assert.True(_pool.NeedsTrim);
        Assert.Equal(1, _pool.Trim());
        Assert.False(_pool.NeedsTrim);
    }

    [SwitchedFact]
    public void A_trim_may_be_done_in_parts()
    {
        Fill(5);
        Assert.Equal(0, _pool.Trim(2));
        Assert.Equal(2, _pool.Trim(2));
        Assert.Equal(2, _pool.Trim(2));
        Assert.True(_pool.NeedsTrim);
        Assert.Equal(1, _pool.Trim(2));
        Assert.False(_pool.NeedsTrim);
    }

    [SwitchedFact]
    public void An_empty_pool_needs_no_trim()
    {
        Assert.False(_pool.NeedsTrim);
        Assert.Equal(0, _pool.Trim());
    }

    private void Fill(int count)
    {
        foreach (Coroutine coroutine in Idle(count))
            _pool.Return(coroutine);
    }

    private static Coroutine[] Idle(int count)
    {
        var coroutines = new Coroutine[count];
        TestCarrier.Run(carrier =>
        {
            for (int i = 0; i < count; i++)
            {
                coroutines[i] = carrier.Create(() => { });
                carrier.Finish(coroutines[i]);
            }
        });
        return coroutines;
    }
}
