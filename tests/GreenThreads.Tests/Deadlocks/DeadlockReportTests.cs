namespace GreenThreads.Tests;

/// <summary>What a report of a deadlock says, and to whom.</summary>
public sealed class DeadlockReportTests
{
    [Fact]
    public void Two_that_join_each_other_are_a_cycle()
    {
        using var world = new DeadlockWorld();
        GreenThread? one = null, other = null;
        GreenThread root = world.Spawn(() =>
        {
            var both = new TwoJoiners();
            (one, other) = (both.One, both.Other);
            both.Start();
            one.Join();
        });
        DeadlockReport report = world.WaitForReport();
        Assert.Same(world.Group, report.Group);
        Assert.Equal(new HashSet<GreenThread?> { root, one, other }, [.. report.Waits.Select(static wait => wait.GreenThread)]);
        IReadOnlyList<DeadlockWait> cycle = Assert.Single(report.Cycles);
        Assert.Equal(new HashSet<GreenThread?> { one, other }, [.. cycle.Select(static wait => wait.GreenThread)]);
        Assert.All(cycle, static wait => Assert.Contains("TwoJoiners.cs:", wait.SpawnSite, StringComparison.Ordinal));
        Assert.Same(cycle[1].GreenThread, cycle[0].Targets[0].OwnerThread);
        Assert.Same(cycle[0].GreenThread, cycle[1].Targets[0].Target);

        string text = report.ToString();
        Assert.StartsWith("Deadlock in the group kernel: none of its 3 green threads can ever go on.\nCycle of 2:\n  ", text, StringComparison.Ordinal);
        Assert.Contains("waits for the end of other", text, StringComparison.Ordinal);
        world.Logger.WaitFor("Error: Deadlock in the group kernel", "Cycle of 2");
    }

    [Fact]
    public void Many_of_one_kind_take_one_line_and_long_rows_no_stack()
    {
        const int Many = 1000;
        using var world = new DeadlockWorld();
        world.Spawn(static () =>
        {
            var semaphore = new GreenSemaphore(0) { Name = "crowd" };
            for (int i = 0; i < Many; i++)
                GreenThread.Spawn(semaphore.Wait);
            // Each joins the one before: a row, no cycle.
            GreenThread last = GreenThread.Spawn(semaphore.Wait);
            for (int i = 0; i < Many; i++)
            {
                GreenThread before = last;
                last = GreenThread.Spawn(before.Join);
            }
            last.Join();
        });
        DeadlockReport report = world.WaitForReport();
        Assert.Equal(2 * Many + 2, report.Waits.Count);
        Assert.Empty(report.Cycles);
        string text = report.ToString();
        Assert.Contains($"none of its {2 * Many + 2} green threads", text, StringComparison.Ordinal);
        Assert.Contains($"\n  GreenSemaphore \"crowd\":\n    {Many}, spawned at DeadlockReportTests.cs:", text, StringComparison.Ordinal);
        Assert.InRange(text.Count(static character => character == '\n'), 10, 200);
    }

    [SwitchedFact]
    public void Stacks_name_who_waits_in_the_program()
    {
        using var world = new DeadlockWorld();
        world.Spawn(WaitForever);
        DeadlockReport report = world.WaitForReport();
        if (!ManagedFrames.IsAvailable)
            return;
        Assert.Contains(report.Waits[0].Stack, static method => method.EndsWith("DeadlockReportTests.WaitForever", StringComparison.Ordinal));
        Assert.Contains("Stack of root", report.ToString(), StringComparison.Ordinal);
    }

    [SwitchedFact]
    public void One_who_was_blocked_on_another_OS_thread_before_it_waits_for_ever_is_found()
    {
        using var world = new DeadlockWorld();
        using var end = new ManualResetEventSlim();
        bool isBlocked = false;
        world.Spawn(() =>
        {
            var semaphore = new GreenSemaphore(0);
            Foreign.RunBlocking(() =>
            {
                Volatile.Write(ref isBlocked, true);
                Green.BlockOsThread(end);
                semaphore.Wait();
            });
        });
        WaitCounters.Eventually(() => Volatile.Read(ref isBlocked), "it does not run");
        // Long enough for some looks while it is blocked.
        Assert.False(end.Wait(TimeSpan.FromMilliseconds(200)));
        end.Set();
        Assert.Single(world.WaitForReport().Waits);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void WaitForever() => new GreenSemaphore(0).Wait();
}
