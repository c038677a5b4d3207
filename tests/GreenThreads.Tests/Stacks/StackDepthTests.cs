using System.Runtime.CompilerServices;

namespace GreenThreads.Tests;

public sealed unsafe class StackDepthTests
{
    [SwitchedFact]
    public void EnsureSufficientExecutionStack_throws_before_a_green_stack_ends_and_not_at_its_start()
    {
        nint size = 0;
        nint left = TestCarrier.Evaluate(() =>
        {
            Coroutine self = Coroutine.Current!;
            size = self.StackBase - self.StackLimit;
            Assert.True(RuntimeHelpers.TryEnsureSufficientExecutionStack());
            RuntimeHelpers.EnsureSufficientExecutionStack();
            nint lowest = 0;
            Assert.Throws<InsufficientExecutionStackException>(() => RecurseWhileItMay(ref lowest));
            return lowest - self.StackLimit;
        });
        Assert.InRange(left, 64 * 1024, size - 128 * 1024);
    }

    // They ask from frames of their own, so at the margin they may differ by some levels of a few bytes.
    [SwitchedFact]
    public void TryEnsureSufficientExecutionStack_says_no_where_EnsureSufficientExecutionStack_throws()
    {
        (int whileTrue, int untilThrow) = TestCarrier.Evaluate(static () => (CountLevels(RuntimeHelpers.TryEnsureSufficientExecutionStack), CountLevels(() =>
        {
            try
            {
                RuntimeHelpers.EnsureSufficientExecutionStack();
                return true;
            }
            catch (InsufficientExecutionStackException)
            {
                return false;
            }
        })));
        Assert.True(whileTrue > 100);
        Assert.InRange(untilThrow - whileTrue, -10, 10);
    }

    [SwitchedFact]
    public void A_deep_recursion_uses_its_stack_and_is_collected_through()
    {
        const int Depth = 1500;
        Assert.Equal(Depth * (Depth + 1) / 2, TestCarrier.Evaluate(() => SumDeeply(Depth)));
    }

    [SwitchedFact]
    public void A_suspended_coroutine_that_has_recursed_gives_its_pages_back_and_goes_on()
    {
        TestCarrier.Run(carrier =>
        {
            int sum = 0;
            Coroutine coroutine = carrier.Create(() =>
            {
                sum = SumDeeply(1000);
                Coroutine.Current!.Suspend();
                sum += SumDeeply(1000);
            });
            carrier.Resume(coroutine);
            nint before = Residency.CountPages(coroutine.StackLimit, coroutine.StackBase - coroutine.StackLimit);
            Assert.True(coroutine.TrimStack() > 0);
            nint after = Residency.CountPages(coroutine.StackLimit, coroutine.StackBase - coroutine.StackLimit);
            Assert.True(after < before, $"{after} pages of {before} are left");
            Assert.InRange(after, 1, 4);
            carrier.Finish(coroutine);
            Assert.Equal(1000 * 1001, sum);
        });
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int RecurseWhileItMay(ref nint lowest)
    {
        byte marker;
        lowest = (nint)(&marker);
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return RecurseWhileItMay(ref lowest) + 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static int CountLevels(Func<bool> suffices) => suffices() ? CountLevels(suffices) + 1 : 0;

    // About 200 bytes a level, with an object that a collection moves.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int SumDeeply(int depth)
    {
        object boxed = depth;
        Span<int> room = stackalloc int[32];
        room.Fill(depth);
        if (depth == 0)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            return 0;
        }
        int below = SumDeeply(depth - 1);
        return room[depth % 32] == (int)boxed ? below + depth : int.MinValue;
    }
}
