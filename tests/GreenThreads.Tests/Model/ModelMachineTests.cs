using Xunit.Abstractions;

namespace GreenThreads.Tests;

/// <summary>The machine finds a fault that it is shown, hangs and circles among them, and its schedules replay.</summary>
public sealed class ModelMachineTests(ITestOutputHelper output)
{
    private readonly Explorer _explorer = new(output) { IsAdjustable = false, Preemptions = 3 };

    [SwitchedFact]
    public void Locked_operations_lose_nothing_and_two_steps_do()
    {
        _explorer.Check(machine => MakeCounter<NoFaults>(machine));
        Assert.Contains("2", _explorer.ExpectFault(machine => MakeCounter<AddInTwoSteps>(machine)).Message, StringComparison.Ordinal);
    }

    [SwitchedFact]
    public void A_thread_that_waits_for_ever_is_a_deadlock_unless_it_may_rest()
    {
        Assert.Contains("sleeper waits for the end", _explorer.ExpectFault(machine =>
            machine.Thread("sleeper", () => machine.WaitUntil("the end", () => false))).Message, StringComparison.Ordinal);
        _explorer.Check(machine => machine.Thread("sleeper", () => Assert.False(machine.WaitUntil("the end", () => false)), mayRest: true));
    }

    [SwitchedFact]
    public void A_world_that_turns_in_a_circle_is_pruned()
    {
        var explorer = new Explorer(output) { IsAdjustable = false, Preemptions = 1 };
        explorer.Check(machine =>
        {
            var cells = new Cells();
            machine.Register("cells", cells);
            machine.Thread("spins", () =>
            {
                while (Read(ref cells.X) == 0)
                {
                }
            });
            machine.Thread("sets", () => Write(ref cells.X, 1));
        });
        Assert.Throws<InvalidOperationException>(() => explorer.Check(machine => machine.Thread("spins", () =>
        {
            while (true)
                machine.Step("turn");
        })));
    }

    [Fact]
    public void A_schedule_is_read_back_from_its_text()
    {
        const string Text = "0*12 ~1 ~0.2 1 0*3 2";
        Assert.Equal(Text, Schedule.Parse(Text).ToString());
    }

    private static void MakeCounter<TFaults>(ModelMachine machine)
        where TFaults : struct, IModelFaults
    {
        var cells = new Cells();
        machine.Register("cells", cells);
        for (int i = 0; i < 3; i++)
            machine.Thread("adder", () => ModelAtomics<TFaults>.Add(ref cells.X, 1));
        machine.AtRest(() => Assert.Equal(3, Read(ref cells.X)));
    }

    private static int Read(ref int location) => ModelAtomics<NoFaults>.Read(ref location);

    private static void Write(ref int location, int value) => ModelAtomics<NoFaults>.Write(ref location, value);

    private readonly struct AddInTwoSteps : IModelFaults
    {
        static bool IModelFaults.AddIsTwoSteps => true;
    }

    private sealed class Cells
    {
        internal int X;
    }
}
