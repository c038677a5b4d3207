using Xunit.Abstractions;

namespace GreenThreads.Tests;

/// <summary>
/// The word of a select under every interleaving of those who meet: of each select one case happens at most, what is sent is received once, and nobody who could
/// meet somebody waits for ever.
/// </summary>
public sealed class SelectModelTests(ITestOutputHelper output)
{
    [SwitchedTheory]
    [InlineData(3)]
    public void A_select_gets_what_two_senders_give_one_after_the_other(int preemptions) =>
        new Explorer(output) { Preemptions = preemptions }.Check(TwoSenders<NoFaults>);

    [SwitchedTheory]
    [InlineData(3)]
    public void A_late_sender_meets_the_select_that_it_has_found(int preemptions) =>
        new Explorer(output) { Preemptions = preemptions }.Check(machine => LateSender(machine, isTrusting: false));

    [SwitchedTheory]
    [InlineData(4)]
    public void Two_selects_meet_from_both_sides_at_one_place(int preemptions) =>
        new Explorer(output) { Preemptions = preemptions }.Check(machine =>
        {
            var world = new SelectWorld<NoFaults>(machine, rendezvous: 2);
            world.Add("one", [SelectWorld<NoFaults>.Receive(0), SelectWorld<NoFaults>.Send(1)]);
            world.Add("other", [SelectWorld<NoFaults>.Receive(1), SelectWorld<NoFaults>.Send(0)]);
        });

    [SwitchedTheory]
    [InlineData(4)]
    public void Selects_that_send_and_receive_at_one_place_meet_each_other(int preemptions) =>
        new Explorer(output) { Preemptions = preemptions }.Check(machine =>
        {
            var world = new SelectWorld<NoFaults>(machine, rendezvous: 1);
            for (int i = 0; i < 2; i++)
                world.Add($"select{i}", [SelectWorld<NoFaults>.Receive(0), SelectWorld<NoFaults>.Send(0)]);
        });

    [SwitchedTheory]
    [InlineData(3)]
    public void A_select_that_is_cancelled_takes_nothing_or_counts(int preemptions) =>
        new Explorer(output) { Preemptions = preemptions }.Check(machine =>
        {
            var world = new SelectWorld<NoFaults>(machine, rendezvous: 2);
            world.Add("select", [SelectWorld<NoFaults>.Receive(0), SelectWorld<NoFaults>.Receive(1)]).Canceler();
            AddRestless(world, "sender0", [SelectWorld<NoFaults>.Send(0)]);
            AddRestless(world, "sender1", [SelectWorld<NoFaults>.Send(1)]);
        });

    [SwitchedFact]
    public void Many_selects_at_random() => new Explorer(output).CheckRandom(
        machine =>
        {
            var world = new SelectWorld<NoFaults>(machine, rendezvous: 3);
            AddRestless(world, "a", [SelectWorld<NoFaults>.Receive(0), SelectWorld<NoFaults>.Receive(1)], [SelectWorld<NoFaults>.Receive(1), SelectWorld<NoFaults>.Receive(0)]);
            AddRestless(world, "b", [SelectWorld<NoFaults>.Send(0), SelectWorld<NoFaults>.Send(2)], [SelectWorld<NoFaults>.Send(0)]);
            AddRestless(world, "c", [SelectWorld<NoFaults>.Send(1), SelectWorld<NoFaults>.Receive(2)]);
            AddRestless(world, "d", [SelectWorld<NoFaults>.Send(1), SelectWorld<NoFaults>.Send(0), SelectWorld<NoFaults>.Receive(2)]);
        },
        worlds: 10_000);

    [SwitchedFact]
    public void Leaving_without_the_gate_is_found() =>
        new Explorer(output) { Preemptions = 3 }.ExpectFault(machine => LateSender(machine, isTrusting: true));

    [SwitchedFact]
    public void A_choice_in_two_steps_is_found() =>
        new Explorer(output) { Preemptions = 2 }.ExpectFault(TwoSenders<CompareExchangeInTwoSteps>);

    private static void TwoSenders<TFaults>(ModelMachine machine)
        where TFaults : struct, IModelFaults
    {
        var world = new SelectWorld<TFaults>(machine, rendezvous: 2);
        (int, bool)[] both = [SelectWorld<TFaults>.Receive(0), SelectWorld<TFaults>.Receive(1)];
        world.Add("select", both, both);
        world.Add("sender0", [SelectWorld<TFaults>.Send(0)]);
        world.Add("sender1", [SelectWorld<TFaults>.Send(1)]);
    }

    // The second select has nothing to do with the rendezvous where the late sender is at work.
    private static void LateSender(ModelMachine machine, bool isTrusting)
    {
        var world = new SelectWorld<NoFaults>(machine, rendezvous: 2) { TrustsThatItIsOutOfTheList = isTrusting };
        world.Add("select", [SelectWorld<NoFaults>.Receive(0), SelectWorld<NoFaults>.Receive(1)], [SelectWorld<NoFaults>.Receive(0)]);
        AddRestless(world, "sender0", [SelectWorld<NoFaults>.Send(0)], [SelectWorld<NoFaults>.Send(0)]);
        AddRestless(world, "sender1", [SelectWorld<NoFaults>.Send(1)]);
    }

    private static void AddRestless(SelectWorld<NoFaults> world, string name, params (int, bool)[][] rounds) => world.Add(name, rounds).MayRest = true;

    private readonly struct CompareExchangeInTwoSteps : IModelFaults
    {
        static bool IModelFaults.CompareExchangeIsTwoSteps => true;
    }
}
