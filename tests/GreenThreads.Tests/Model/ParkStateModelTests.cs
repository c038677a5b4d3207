using Xunit.Abstractions;

namespace GreenThreads.Tests;

/// <summary>
/// Parking and waking under every interleaving of a green thread, the carriers that run it and its wakers: it is never runnable twice, and what was set
/// before a wake is seen.
/// </summary>
public sealed class ParkStateModelTests(ITestOutputHelper output)
{
    [SwitchedTheory]
    [InlineData(1, 1, 6)]
    [InlineData(1, 2, 4)]
    [InlineData(1, 3, 2)]
    [InlineData(2, 1, 6)]
    [InlineData(2, 2, 3)]
    [InlineData(2, 3, 1)]
    public void A_condition_set_before_a_wake_is_seen(int carriers, int wakers, int preemptions) =>
        new Explorer(output) { Preemptions = preemptions }.Check(machine => Conditions<NoFaults>(machine, carriers, wakers));

    [SwitchedTheory]
    [InlineData(1, 4)]
    [InlineData(2, 3)]
    public void Wakes_of_one_waker_in_a_row_are_seen(int carriers, int preemptions) =>
        new Explorer(output) { Preemptions = preemptions }.Check(machine => new ParkWorld<NoFaults>(machine, carriers, wanted: 3).Waker(0, 1, 2));

    [SwitchedTheory]
    [InlineData(1, 5)]
    [InlineData(2, 3)]
    public void A_permit_is_found_beside_wakes_for_nothing(int carriers, int preemptions) =>
        new Explorer(output) { Preemptions = preemptions }.Check(machine => Permit<NoFaults>(machine, carriers));

    [SwitchedFact]
    public void Many_conditions_at_random() => new Explorer(output).CheckRandom(
        machine =>
        {
            var world = new ParkWorld<NoFaults>(machine, carriers: 3, wanted: 6);
            world.Waker(0, 1);
            world.Waker(2, 4);
            world.Waker(5, 3);
            world.StaleWaker();
        },
        worlds: 50_000);

    // The fault that WakeUpLitmusTests shows on the machine itself.
    [SwitchedFact]
    public void A_token_taken_by_a_plain_store_is_found() =>
        new Explorer(output) { Preemptions = 2 }.ExpectFault(machine => Conditions<ExchangeIsStore>(machine, carriers: 1, wakers: 2));

    [SwitchedFact]
    public void A_wake_that_only_looks_at_the_token_is_found() =>
        new Explorer(output) { Preemptions = 2 }.ExpectFault(machine => Conditions<WakeOnlyLooks>(machine, carriers: 1, wakers: 2));

    [SwitchedTheory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_compare_exchange_in_two_steps_is_found(int wakers) =>
        new Explorer(output) { Preemptions = 2 }.ExpectFault(machine => Conditions<CompareExchangeInTwoSteps>(machine, carriers: 1, wakers));

    [SwitchedFact]
    public void A_wake_that_does_not_publish_the_condition_is_found() =>
        new Explorer(output) { Preemptions = 2 }.ExpectFault(machine => Conditions<NoFenceInLocked>(machine, carriers: 1, wakers: 1));

    private static void Conditions<TFaults>(ModelMachine machine, int carriers, int wakers)
        where TFaults : struct, IModelFaults
    {
        var world = new ParkWorld<TFaults>(machine, carriers, wanted: wakers);
        for (int i = 0; i < wakers; i++)
            world.Waker(i);
    }

    private static void Permit<TFaults>(ModelMachine machine, int carriers)
        where TFaults : struct, IModelFaults
    {
        var world = new ParkWorld<TFaults>(machine, carriers, wanted: 0);
        world.Unparker();
        world.StaleWaker();
    }

    private readonly struct ExchangeIsStore : IModelFaults
    {
        static bool IModelFaults.ExchangeIsReadAndStore => true;
    }

    private readonly struct WakeOnlyLooks : IModelFaults
    {
        static bool IModelFaults.CompareExchangeThatChangesNothingIsRead => true;
    }

    private readonly struct CompareExchangeInTwoSteps : IModelFaults
    {
        static bool IModelFaults.CompareExchangeIsTwoSteps => true;
    }

    private readonly struct NoFenceInLocked : IModelFaults
    {
        static bool IModelFaults.LockedOperationsAreNoFences => true;
    }
}
