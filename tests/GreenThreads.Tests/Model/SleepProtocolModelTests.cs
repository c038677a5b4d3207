using Xunit.Abstractions;

namespace GreenThreads.Tests;

/// <summary>
/// Who sleeps, who searches and who is woken, under every interleaving of schedulers and submitters: all work is run, nobody is woken beyond need, and
/// the count of searchers is never less than there are, so that nobody is woken while somebody searches.
/// </summary>
public sealed class SleepProtocolModelTests(ITestOutputHelper output)
{
    [SwitchedTheory]
    [InlineData(1, 1, 4)]
    [InlineData(1, 2, 3)]
    [InlineData(2, 1, 3)]
    [InlineData(2, 2, 2)]
    [InlineData(3, 1, 2)]
    [InlineData(3, 2, 1)]
    public void All_submissions_are_run(int schedulers, int submitters, int preemptions) =>
        new Explorer(output) { Preemptions = preemptions }.Check(machine => Submissions<NoFaults>(machine, schedulers, submitters));

    [SwitchedTheory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    public void Items_that_wait_for_each_other_get_a_scheduler_each(int searchLimit, bool takesBeforeSearch) =>
        new Explorer(output) { Preemptions = 2 }.Check(machine => Barrier<NoFaults>(machine, schedulers: 2, searchLimit, default, takesBeforeSearch));

    [SwitchedTheory]
    [InlineData(1, 2, 3)]
    [InlineData(2, 1, 2)]
    public void A_poll_that_returns_by_itself_loses_no_submission(int schedulers, int submitters, int preemptions) =>
        new Explorer(output) { Preemptions = preemptions }.Check(machine => OwnEvents<NoFaults>(machine, schedulers, submitters));

    [SwitchedFact]
    public void An_event_that_waits_for_a_submission_leaves_it_to_another_scheduler() =>
        new Explorer(output) { Preemptions = 2 }.Check(EventThatWaits<NoFaults>);

    [SwitchedTheory]
    [InlineData(1, 3)]
    [InlineData(2, 2)]
    public void What_a_scheduler_spawns_into_its_own_queue_is_run(int schedulers, int preemptions) =>
        new Explorer(output) { Preemptions = preemptions }.Check(machine => Spawns<NoFaults>(machine, schedulers));

    [SwitchedTheory]
    [InlineData(1)]
    [InlineData(2)]
    public void Four_schedulers_with_everything_at_random(int searchLimit) =>
        new Explorer(output).CheckRandom(machine => Everything<NoFaults>(machine, searchLimit), worlds: 10_000);

    [SwitchedFact]
    public void A_burst_wakes_a_scheduler_for_each_at_random() =>
        new Explorer(output).CheckRandom(machine => Barrier<NoFaults>(machine, schedulers: 3, searchLimit: 1), worlds: 10_000);

    [SwitchedFact]
    public void A_missing_fence_in_Submitted_is_found() =>
        new Explorer(output) { Preemptions = 1 }.ExpectFault(machine => Submissions<NoFence>(machine, schedulers: 1, submitters: 1));

    [SwitchedFact]
    public void A_count_of_searchers_that_is_not_atomic_is_found() =>
        new Explorer(output) { Preemptions = 2 }.ExpectFault(machine => Submissions<AddInTwoSteps>(machine, schedulers: 2, submitters: 1));

    [SwitchedFact]
    public void A_set_of_sleepers_that_is_not_atomic_is_found() =>
        new Explorer(output) { Preemptions = 1 }.ExpectFault(machine => Submissions<CompareExchangeInTwoSteps>(machine, schedulers: 2, submitters: 1));

    // The three looks at every queue, each of which is needed.
    [SwitchedFact]
    public void A_sleeper_that_does_not_look_again_is_found() =>
        new Explorer(output) { Preemptions = 1 }.ExpectFault(machine => Submissions<NoFaults>(machine, 1, 1, SleepWorld<NoFaults>.Look.BeforeSleep));

    [SwitchedFact]
    public void A_finder_that_does_not_look_again_is_found() =>
        new Explorer(output) { Preemptions = 2 }.ExpectFault(machine => Barrier<NoFaults>(machine, 2, 1, SleepWorld<NoFaults>.Look.AtEndOfSearch));

    [SwitchedFact]
    public void A_submitter_that_does_not_look_again_after_a_broken_promise_is_found() =>
        new Explorer(output) { Preemptions = 3 }.ExpectFault(machine => OwnEvents<NoFaults>(machine, 1, 2, SleepWorld<NoFaults>.Look.AfterBrokenPromise));

    private static void Submissions<TFaults>(ModelMachine machine, int schedulers, int submitters, SleepWorld<TFaults>.Look blind = default)
        where TFaults : struct, IModelFaults
    {
        var world = new SleepWorld<TFaults>(machine, schedulers, submitters) { Blind = blind };
        for (int i = 0; i < submitters; i++)
            world.Submitter(i);
    }

    // Each item waits until all have started, as if it ran for ever. So it takes a scheduler for each.
    private static void Barrier<TFaults>(
        ModelMachine machine, int schedulers, int searchLimit, SleepWorld<TFaults>.Look blind = default, bool takesBeforeSearch = false)
        where TFaults : struct, IModelFaults
    {
        int started = 0;
        var world = new SleepWorld<TFaults>(machine, schedulers, places: schedulers, searchLimit: searchLimit)
        {
            Blind = blind,
            TakesBeforeSearch = takesBeforeSearch,
            Body = (_, _) =>
            {
                started++;
                machine.WaitUntil("the others", () => started == schedulers);
            },
        };
        for (int i = 0; i < schedulers; i++)
            world.Submitter(i);
    }

    private static void OwnEvents<TFaults>(ModelMachine machine, int schedulers, int submitters, SleepWorld<TFaults>.Look blind = default)
        where TFaults : struct, IModelFaults
    {
        var world = new SleepWorld<TFaults>(machine, schedulers, submitters) { Blind = blind };
        for (int i = 0; i < submitters; i++)
            world.Submitter(i);
        world.Events(scheduler: 0);
    }

    private static void EventThatWaits<TFaults>(ModelMachine machine)
        where TFaults : struct, IModelFaults
    {
        SleepWorld<TFaults> world = null!;
        world = new SleepWorld<TFaults>(machine, schedulers: 2, places: 1) { EventBody = () => machine.WaitUntil("item 0", () => world.IsStarted(0)) };
        world.Submitter(0);
        world.Events(scheduler: 0);
    }

    private static void Spawns<TFaults>(ModelMachine machine, int schedulers)
        where TFaults : struct, IModelFaults
    {
        var world = new SleepWorld<TFaults>(machine, schedulers, places: 1, spawned: 2)
        {
            Body = (scheduler, item) =>
            {
                if (item != 0)
                    return;
                scheduler.Spawn(1);
                scheduler.Spawn(2);
            },
        };
        world.Submitter(0);
    }

    private static void Everything<TFaults>(ModelMachine machine, int searchLimit)
        where TFaults : struct, IModelFaults
    {
        var world = new SleepWorld<TFaults>(machine, schedulers: 4, places: 4, spawned: 4, searchLimit)
        {
            TakesBeforeSearch = true,
            Body = (scheduler, item) =>
            {
                if (item >= 2)
                    return;
                scheduler.Spawn(4 + 2 * item);
                scheduler.Spawn(5 + 2 * item);
            },
        };
        world.Submitter(0, 2);
        world.Submitter(1, 3);
        world.Events(scheduler: 0, count: 3);
        world.Events(scheduler: 2, count: 2);
    }

    private readonly struct NoFence : IModelFaults
    {
        static bool IModelFaults.FenceIsNothing => true;
    }

    private readonly struct AddInTwoSteps : IModelFaults
    {
        static bool IModelFaults.AddIsTwoSteps => true;
    }

    private readonly struct CompareExchangeInTwoSteps : IModelFaults
    {
        static bool IModelFaults.CompareExchangeIsTwoSteps => true;
    }
}
