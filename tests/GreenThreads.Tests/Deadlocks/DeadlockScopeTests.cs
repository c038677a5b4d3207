namespace GreenThreads.Tests;

/// <summary>Scopes in deadlocks: their owner waits for the children, and what may cancel them may end it.</summary>
public sealed class DeadlockScopeTests
{
    [Fact]
    public void An_owner_that_waits_for_a_child_which_waits_for_the_owner_is_a_cycle()
    {
        using var world = new DeadlockWorld();
        GreenThread root = world.Spawn(static () =>
        {
            GreenThread self = GreenThread.Current!;
            using GreenScope scope = GreenScope.Open();
            scope.Spawn(self.Join);
            scope.Join();
        });
        IReadOnlyList<DeadlockWait> cycle = Assert.Single(world.WaitForReport().Cycles);
        Assert.Equal(2, cycle.Count);
        Assert.Contains(cycle, wait => wait.GreenThread == root && wait.Targets[0].Target is GreenScope);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_scope_that_ends_by_time_or_a_token_keeps_the_group_silent(bool byTime)
    {
        using var world = new DeadlockWorld();
        using var source = new CancellationTokenSource();
        world.Spawn(() =>
        {
            using GreenScope scope = byTime ? GreenScope.Open(TimeLimit.Generous) : GreenScope.Open(source.Token);
            scope.Spawn(static () => new GreenSemaphore(0).Wait());
            new GreenSemaphore(0).Wait();
        });
        Thread.Sleep(200);
        Assert.True(world.Reports == 0, world.AllReports);
    }

    [Fact]
    public void A_process_that_anybody_finds_by_its_name_keeps_the_group_silent()
    {
        using var world = new DeadlockWorld();
        var names = new GreenRegistry();
        world.Spawn(() => names.Register("echo", GreenProcess.Spawn<int>(static mailbox => mailbox.Receive())));
        Thread.Sleep(200);
        Assert.True(world.Reports == 0, world.AllReports);
    }
}
