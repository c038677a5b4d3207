using System.Diagnostics;
using System.Globalization;
using Xunit.Abstractions;

namespace GreenThreads.Tests;

// Runs a world along every schedule up to a bound on preemptions: first those with none, then with one, and so on, so that the first failure is among
// the simplest. The bound of the normal run stands in each test, and the test's output says how many schedules that were. A Debug build, which is some
// five times slower, takes one preemption less; what it is there for, code that is interruptible everywhere, is not what these tests are about.
//
//   GREENTHREADS_MODEL_PREEMPTIONS=4        one bound for all tests, for those who have time: each further preemption costs a factor of about 20;
//                                           -1 for none at all, which ends in this century only for the smallest worlds
//   GREENTHREADS_MODEL_RANDOM=1000000       worlds for each test that goes at random
//   GREENTHREADS_MODEL_SEED=7               and where it begins
//   GREENTHREADS_MODEL_SCHEDULE="0*3 ~0 1"  only this schedule, with its steps in the test's output; to be used with --filter for one test
internal sealed class Explorer(ITestOutputHelper output)
{
    private const string Prefix = "GREENTHREADS_MODEL_";

#if DEBUG
    private const int PreemptionsSaved = 1;
#else
    private const int PreemptionsSaved = 0;
#endif

    private static readonly TimeSpan s_limit = TimeSpan.FromHours(12);

    /// <summary>The bound. With -1 there is none, and what nobody could see a difference of is tried as well.</summary>
    internal int Preemptions { get; init; } = 2;

    internal bool StoresPassStores { get; init; }

    /// <summary>Whether the environment and the build have a say. Not for tests of the machine itself.</summary>
    internal bool IsAdjustable { get; init; } = true;

    /// <summary>How many schedules have been run with the last bound, or at random.</summary>
    internal long Schedules { get; private set; }

    /// <summary>Tries every schedule up to the bound, or the one of the environment.</summary>
    /// <exception cref="ModelFailureException">One fails.</exception>
    internal void Check(Action<ModelMachine> world)
    {
        if (Setting("SCHEDULE") is { } schedule)
            Replay(world, schedule);
        else if (Find(world, IsAdjustable ? Number("PREEMPTIONS", Preemptions - PreemptionsSaved) : Preemptions) is { } failure)
            throw failure;
    }

    /// <summary>Tries schedules at random, with any number of preemptions.</summary>
    /// <exception cref="ModelFailureException">One fails.</exception>
    internal void CheckRandom(Action<ModelMachine> world, int worlds)
    {
        if (Setting("SCHEDULE") is { } schedule)
            Replay(world, schedule);
        else if (FindRandom(world, Number("RANDOM", worlds), Number("SEED", 1)) is { } failure)
            throw failure;
    }

    /// <summary>For a world with a fault in it: the schedule that shows it fails again when it is replayed from its text.</summary>
    internal ModelFailureException ExpectFault(Action<ModelMachine> world)
    {
        ModelFailureException failure = Find(world, Preemptions) ?? throw new InvalidOperationException("the model is too weak: it does not find the fault");
        output.WriteLine($"found: {failure.Message}");
        ModelFailureException again = Assert.Throws<ModelFailureException>(() => Replay(world, failure.Schedule));
        Assert.Equal(failure.Schedule, again.Schedule);
        return failure;
    }

    /// <summary>Runs one schedule.</summary>
    /// <exception cref="ModelFailureException">It fails.</exception>
    internal void Replay(Action<ModelMachine> world, string schedule) => OnCarrier(carrier =>
    {
        var machine = new ModelMachine(carrier) { StoresPassStores = StoresPassStores, Trace = [] };
        machine.Use(new ReplayChoices(Schedule.Parse(schedule), machine.Schedule), preemptions: -1);
        Exception? failure = machine.Run(world, out _);
        if (failure is not null)
            throw new ModelFailureException(failure, machine.Schedule, machine.Trace);
        output.WriteLine($"schedule {machine.Schedule} passes:\n  {string.Join("\n  ", machine.Trace)}");
    });

    private ModelFailureException? Find(Action<ModelMachine> world, int preemptions)
    {
        ModelFailureException? failure = null;
        OnCarrier(carrier =>
        {
            var machine = new ModelMachine(carrier) { StoresPassStores = StoresPassStores };
            for (int bound = Math.Min(preemptions, 0); bound <= preemptions && failure is null; bound++)
                failure = FindWithin(bound, machine, world);
        });
        return failure;
    }

    private ModelFailureException? FindWithin(int preemptions, ModelMachine machine, Action<ModelMachine> world)
    {
        long start = Stopwatch.GetTimestamp();
        long firstStep = machine.Steps;
        while (true)
        {
            machine.UseSharing();
            var choices = new DepthFirstChoices();
            machine.Use(choices, preemptions);
            long pruned = 0;
            Schedules = 0;
            do
            {
                Schedules++;
                if (machine.Run(world, out bool isPruned) is { } failure)
                    return WithTrace(failure, machine, world);
                pruned += isPruned ? 1 : 0;
            }
            while (!machine.IsSharingNew && choices.MoveNext());
            if (machine.IsSharingNew)
                continue;
            Report(preemptions < 0 ? "all" : $"up to {preemptions} preemptions", pruned, start, machine.Steps - firstStep);
            return null;
        }
    }

    private ModelFailureException? FindRandom(Action<ModelMachine> world, int worlds, int seed)
    {
        ModelFailureException? failure = null;
        OnCarrier(carrier =>
        {
            long start = Stopwatch.GetTimestamp();
            var machine = new ModelMachine(carrier) { StoresPassStores = StoresPassStores };
            var choices = new RandomChoices(seed);
            long pruned = 0;
            for (Schedules = 0; Schedules < worlds && failure is null; Schedules++)
            {
                machine.Use(choices, preemptions: -1);
                choices.Begin();
                if (machine.Run(world, out bool isPruned) is { } found)
                    failure = WithTrace(found, machine, world);
                pruned += isPruned ? 1 : 0;
            }
            Report($"at random with seed {seed}", pruned, start, machine.Steps);
        });
        return failure;
    }

    private void Report(string what, long pruned, long start, long steps)
    {
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what}: {Schedules:N0} schedules, {pruned:N0} pruned, {steps:N0} steps, {seconds:F2} s, {steps / seconds / 1e6:F1} million steps/s"));
        if (pruned == Schedules)
            throw new InvalidOperationException("every world turns in a circle; nothing has been checked");
    }

    // Once more, with every step noted.
    private static ModelFailureException WithTrace(Exception failure, ModelMachine machine, Action<ModelMachine> world)
    {
        string schedule = machine.Schedule.ToString();
        machine.Trace = [];
        machine.Use(new ReplayChoices(Schedule.Parse(schedule), machine.Schedule), preemptions: -1);
        Exception? again = machine.Run(world, out _);
        if (again?.Message != failure.Message || machine.Schedule.ToString() != schedule)
        {
            throw new InvalidOperationException(
                $"a failure does not replay.\nfirst: {failure}\nschedule {schedule}\nthen: {again}\nschedule {machine.Schedule}\n{string.Join('\n', machine.Trace)}");
        }
        return new ModelFailureException(again, machine.Schedule, machine.Trace);
    }

    private static void OnCarrier(Action<TestCarrier> body) => TestCarrier.Start(body).WaitAsync(s_limit).GetAwaiter().GetResult();

    private string? Setting(string name) => IsAdjustable ? Environment.GetEnvironmentVariable(Prefix + name) : null;

    private int Number(string name, int standard) => Setting(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : standard;
}

/// <summary>A schedule under which a world fails, with its steps.</summary>
internal sealed class ModelFailureException(Exception failure, Schedule schedule, List<string> trace)
    : Exception($"{failure.Message}\nschedule {schedule}\n  {string.Join("\n  ", trace)}\n(run this test with GREENTHREADS_MODEL_SCHEDULE=\"{schedule}\")", failure)
{
    internal string Schedule { get; } = schedule.ToString();
}
