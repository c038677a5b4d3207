namespace GreenThreads.Tests;

public sealed class CoroutineTests
{
    [SwitchedFact]
    public void A_resume_runs_the_body_to_its_next_suspension()
    {
        var steps = new List<int>();
        TestCarrier.Run(carrier =>
        {
            Coroutine coroutine = carrier.Create(() =>
            {
                for (int i = 0; i < 3; i++)
                {
                    steps.Add(i);
                    Coroutine.Current!.Suspend();
                }
            });
            for (int resumes = 0; !coroutine.IsIdle; resumes++)
            {
                Assert.Equal(resumes, steps.Count);
                carrier.Resume(coroutine);
            }
        });
        Assert.Equal([0, 1, 2], steps);
    }

    [SwitchedFact]
    public void A_coroutine_runs_one_body_after_the_other_on_the_same_CLR_thread()
    {
        var ids = new List<int>();
        TestCarrier.Run(carrier =>
        {
            Coroutine coroutine = carrier.Create(() => ids.Add(Environment.CurrentManagedThreadId));
            carrier.Resume(coroutine);
            for (int i = 0; i < 3; i++)
            {
                Assert.True(coroutine.IsIdle);
                coroutine.Start(() => ids.Add(Environment.CurrentManagedThreadId));
                carrier.Finish(coroutine);
            }
            Assert.DoesNotContain(Environment.CurrentManagedThreadId, ids);
        });
        Assert.Equal(4, ids.Count);
        Assert.Single(ids.Distinct());
    }

    [SwitchedFact]
    public void A_body_that_has_not_ended_lets_no_other_start()
    {
        TestCarrier.Run(carrier =>
        {
            Coroutine coroutine = carrier.Create(() => Coroutine.Current!.Suspend());
            Assert.Throws<InvalidOperationException>(() => coroutine.Start(() => { }));
            carrier.Resume(coroutine);
            Assert.Throws<InvalidOperationException>(() => coroutine.Start(() => { }));
            carrier.Finish(coroutine);
            Assert.Throws<ArgumentNullException>(() => coroutine.Start(null!));
        });
    }

    [SwitchedFact]
    public void SwitchTo_goes_from_one_coroutine_to_another_without_the_carrier()
    {
        const int Rounds = 10_000;
        int carrierTurns = 0;
        int switches = 0;
        TestCarrier.Run(carrier =>
        {
            Coroutine ping = null!, pong = null!;
            ping = carrier.Create(() => Play(() => pong));
            pong = carrier.Create(() => Play(() => ping));
            carrier.Resume(ping);
            carrierTurns++;
            carrier.Finish(ping);
            carrier.Finish(pong);
        });
        Assert.Equal(1, carrierTurns);
        Assert.Equal(2 * Rounds, switches);

        void Play(Func<Coroutine> other)
        {
            Coroutine self = Coroutine.Current!;
            for (int i = 0; i < Rounds; i++)
            {
                switches++;
                self.SwitchTo(other());
                Assert.Same(self, Coroutine.Current);
            }
        }
    }

    [SwitchedFact]
    public void Current_is_the_coroutine_on_its_stack_and_nothing_on_an_OS_threads()
    {
        Assert.Null(Coroutine.Current);
        TestCarrier.Run(carrier =>
        {
            Assert.Null(Coroutine.Current);
            Coroutine? inside = null;
            Coroutine coroutine = carrier.Create(() => inside = Coroutine.Current);
            carrier.Finish(coroutine);
            Assert.Same(coroutine, inside);
            Assert.Null(Coroutine.Current);
        });
    }

    [SwitchedFact]
    public void Suspended_coroutines_may_be_resumed_in_any_order()
    {
        var order = new List<int>();
        TestCarrier.Run(carrier =>
        {
            Coroutine[] coroutines = [.. Enumerable.Range(0, 50).Select(i => carrier.Create(() =>
            {
                order.Add(i);
                Coroutine.Current!.Suspend();
                order.Add(i);
            }))];
            foreach (Coroutine coroutine in coroutines)
                carrier.Resume(coroutine);
            foreach (Coroutine coroutine in coroutines.Reverse())
                carrier.Resume(coroutine);
        });
        Assert.Equal(Enumerable.Range(0, 50).Concat(Enumerable.Range(0, 50).Reverse()), order);
    }
}
