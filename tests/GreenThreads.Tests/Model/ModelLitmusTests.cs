using Xunit.Abstractions;

namespace GreenThreads.Tests;

/// <summary>The machine shows what x86 allows, all of it and nothing else.</summary>
public sealed class ModelLitmusTests(ITestOutputHelper output)
{
    private readonly Explorer _explorer = new(output) { IsAdjustable = false, Preemptions = 3 };

    [SwitchedFact]
    public void Stores_are_seen_late_by_others_without_a_fence()
    {
        // Both read 0: store buffering.
        Assert.Equal(["0 0", "0 1", "1 0", "1 1"], OutcomesOf(
            (cells, results) =>
            {
                Write(ref cells.X, 1);
                results[0] = Read(ref cells.Y);
            },
            (cells, results) =>
            {
                Write(ref cells.Y, 1);
                results[1] = Read(ref cells.X);
            }));
    }

    [SwitchedFact]
    public void A_fence_on_both_sides_lets_one_see_the_other()
    {
        Assert.Equal(["0 1", "1 0", "1 1"], OutcomesOf(
            (cells, results) =>
            {
                Write(ref cells.X, 1);
                ModelAtomics<NoFaults>.Fence();
                results[0] = Read(ref cells.Y);
            },
            (cells, results) =>
            {
                ModelAtomics<NoFaults>.Exchange(ref cells.Y, 1);
                results[1] = Read(ref cells.X);
            }));
    }

    [SwitchedFact]
    public void Stores_are_seen_in_their_order()
    {
        // Never: the second (results[0] is Y) without the first.
        Assert.Equal(["0 0", "0 1", "1 1"], OutcomesOf(
            (cells, _) =>
            {
                Write(ref cells.X, 1);
                Write(ref cells.Y, 1);
            },
            (cells, results) =>
            {
                results[0] = Read(ref cells.Y);
                results[1] = Read(ref cells.X);
            }));
    }

    [SwitchedFact]
    public void A_thread_sees_its_own_stores_before_the_others_do()
    {
        // Each sees its own store and not the other's (Intel's example 8-5), beside the sequential outcomes.
        Assert.Equal(["0 0", "0 1", "1 0", "1 1"], OutcomesOf(
            (cells, results) =>
            {
                Write(ref cells.X, 1);
                Assert.Equal(1, Read(ref cells.X));
                Assert.Equal(1, cells.X);
                results[0] = Read(ref cells.Y);
            },
            (cells, results) =>
            {
                Write(ref cells.Y, 1);
                Assert.Equal(1, Read(ref cells.Y));
                results[1] = Read(ref cells.X);
            }));
    }

    // Small programs at random: what the bound, the private variables and the places of drains leave out changes no outcome.
    [SwitchedTheory]
    [InlineData(2, 4, 12)]
    [InlineData(3, 2, 40)]
    public void What_is_left_out_would_make_no_difference(int threads, int operations, int programs)
    {
        for (int seed = 0; seed < programs; seed++)
        {
            Action<Cells, int[]>[] bodies = [.. Enumerable.Range(0, threads).Select(i => RandomBody(new Random(1000 * seed + i), i, operations))];
            Assert.Equal(
                OutcomesOf(new Explorer(new NoOutput()) { IsAdjustable = false, Preemptions = -1 }, bodies, TextOfAll),
                OutcomesOf(new Explorer(new NoOutput()) { IsAdjustable = false, Preemptions = 2 * threads * operations }, bodies, TextOfAll));
        }
    }

    [SwitchedFact]
    public void Random_schedules_find_store_buffering_too()
    {
        var outcomes = new SortedSet<string>();
        Action<Cells, int[]>[] bodies =
        [
            (cells, results) =>
            {
                Write(ref cells.X, 1);
                results[0] = Read(ref cells.Y);
            },
            (cells, results) =>
            {
                Write(ref cells.Y, 1);
                results[1] = Read(ref cells.X);
            },
        ];
        _explorer.CheckRandom(machine => MakeWorld(machine, outcomes, bodies, TextOfResults), worlds: 2000);
        Assert.Contains("0 0", outcomes);
    }

    private string[] OutcomesOf(params Action<Cells, int[]>[] bodies) => OutcomesOf(_explorer, bodies, TextOfResults);

    private static string[] OutcomesOf(Explorer explorer, Action<Cells, int[]>[] bodies, Func<Cells, int[], string> outcome)
    {
        var outcomes = new SortedSet<string>();
        explorer.Check(machine => MakeWorld(machine, outcomes, bodies, outcome));
        return [.. outcomes];
    }

    private static string TextOfResults(Cells cells, int[] results) => string.Join(' ', results);

    private static string TextOfAll(Cells cells, int[] results) => $"{string.Join(' ', results)} X={Read(ref cells.X)} Y={Read(ref cells.Y)}";

    private static void MakeWorld(
        ModelMachine machine, SortedSet<string> outcomes, Action<Cells, int[]>[] bodies, Func<Cells, int[], string> outcome)
    {
        var cells = new Cells();
        int[] results = new int[bodies.Length];
        machine.Register("cells", cells);
        for (int i = 0; i < bodies.Length; i++)
        {
            Action<Cells, int[]> body = bodies[i];
            machine.Thread($"thread{i}", () => body(cells, results));
        }
        machine.AtRest(() => outcomes.Add(outcome(cells, results)));
    }

    private static Action<Cells, int[]> RandomBody(Random random, int thread, int operations)
    {
        int[] program = [.. Enumerable.Range(0, operations).Select(_ => random.Next(8))];
        return (cells, results) =>
        {
            for (int i = 0; i < program.Length; i++)
            {
                ref int variable = ref program[i] % 2 == 0 ? ref cells.X : ref cells.Y;
                int value = 1 + thread + 4 * i;
                int seen = 0;
                if (program[i] < 3)
                    Write(ref variable, value);
                else if (program[i] < 6)
                    seen = Read(ref variable);
                else if (program[i] == 6)
                    seen = ModelAtomics<NoFaults>.Exchange(ref variable, value);
                else
                    Write(ref cells.Private[thread], value);
                results[thread] = 32 * results[thread] + seen;
            }
        };
    }

    private static int Read(ref int location) => ModelAtomics<NoFaults>.Read(ref location);

    private static void Write(ref int location, int value) => ModelAtomics<NoFaults>.Write(ref location, value);

    private sealed class NoOutput : ITestOutputHelper
    {
        public void WriteLine(string message)
        {
        }

        public void WriteLine(string format, params object[] args)
        {
        }
    }

    private sealed class Cells
    {
        internal int X;
        internal int Y;
        internal int[] Private = new int[3];
    }
}
