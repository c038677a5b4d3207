using System.Runtime.CompilerServices;

namespace GreenThreads.Tests;

public sealed class CoroutineExceptionTests
{
    [SwitchedFact]
    public void An_exception_goes_to_the_resumer_with_the_stack_trace_of_where_it_was_thrown()
    {
        TestCarrier.Run(carrier =>
        {
            Coroutine coroutine = carrier.Create(() =>
            {
                Coroutine.Current!.Suspend();
                ThrowDeepInTheBody();
            });
            carrier.Resume(coroutine);
            var exception = Assert.Throws<TimeZoneNotFoundException>(() => carrier.Resume(coroutine));
            Assert.Contains(nameof(ThrowDeepInTheBody), exception.StackTrace, StringComparison.Ordinal);
            Assert.Contains("--- End of stack trace from previous location ---", exception.StackTrace, StringComparison.Ordinal);
        });
    }

    [SwitchedFact]
    public void After_an_exception_the_coroutine_runs_its_next_body()
    {
        TestCarrier.Run(carrier =>
        {
            Coroutine coroutine = carrier.Create(ThrowDeepInTheBody);
            Assert.Throws<TimeZoneNotFoundException>(() => carrier.Resume(coroutine));
            bool hasRun = false;
            coroutine.Start(() => hasRun = true);
            carrier.Finish(coroutine);
            Assert.True(hasRun);
        });
    }

    [SwitchedFact]
    public void A_catch_block_may_suspend_while_others_throw_and_catch()
    {
        TestCarrier.Run(carrier =>
        {
            var caught = new List<string>();
            Coroutine[] coroutines = [.. Enumerable.Range(0, 10).Select(i => carrier.Create(() =>
            {
                try
                {
                    throw new InvalidOperationException($"of {i}");
                }
                catch (InvalidOperationException e)
                {
                    Coroutine.Current!.Suspend();
                    caught.Add(e.Message);
                    try
                    {
                        throw;
                    }
                    catch (InvalidOperationException again)
                    {
                        Coroutine.Current!.Suspend();
                        Assert.Same(e, again);
                    }
                }
            }))];
            for (int round = 0; round < 3; round++)
            {
                foreach (Coroutine coroutine in coroutines)
                    carrier.Resume(coroutine);
                GC.Collect();
            }
            Assert.All(coroutines, coroutine => Assert.True(coroutine.IsIdle));
            Assert.Equal(Enumerable.Range(0, 10).Select(i => $"of {i}"), caught);
        });
    }

    [SwitchedFact]
    public void A_finally_block_may_suspend_while_an_exception_passes_through_it()
    {
        TestCarrier.Run(carrier =>
        {
            bool cleanedUp = false;
            Coroutine coroutine = carrier.Create(() =>
            {
                try
                {
                    ThrowDeepInTheBody();
                }
                finally
                {
                    Coroutine.Current!.Suspend();
                    cleanedUp = true;
                }
            });
            carrier.Resume(coroutine);
            Assert.False(cleanedUp);
            GC.Collect();
            Assert.Throws<TimeZoneNotFoundException>(() => carrier.Resume(coroutine));
            Assert.True(cleanedUp);
        });
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowDeepInTheBody() => throw new TimeZoneNotFoundException();
}
