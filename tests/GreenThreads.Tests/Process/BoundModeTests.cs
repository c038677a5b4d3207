namespace GreenThreads.Tests;

public sealed class BoundModeTests
{
    [Fact]
    public void Bound_mode_that_was_asked_for_does_everything_and_warns_of_nothing()
    {
        ChildResult child = ChildProcess.Run(["bound"], ("GREENTHREADS_MODE", "bound"));
        AssertEverythingWorks(child);
        Assert.Equal("Bound", child["mode"]);
        Assert.Contains("mode: Bound (every green thread is an OS thread): GREENTHREADS_MODE=bound", child.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_mode_that_the_tests_run_in_does_the_same()
    {
        ChildResult child = ChildProcess.Run("bound");
        AssertEverythingWorks(child);
        Assert.Equal(GreenRuntime.Mode.ToString(), child["mode"]);
    }

    [SwitchedFact]
    public void A_machine_without_address_space_for_the_stacks_runs_bound_and_warns_once()
    {
        ChildResult child = ChildProcess.Run("no-address-space");
        Assert.True(child.ExitCode == 0, child.ToString());
        Assert.Equal("Bound", child["mode"]);
        Assert.Contains("raise RLIMIT_AS", child["warning"], StringComparison.Ordinal);
        Assert.Contains("mode: Bound (every green thread is an OS thread): mmap", child.Output, StringComparison.Ordinal);
        Assert.Equal("1", child["warnings"]);
        Assert.Equal("3", child["sum"]);
    }

    private static void AssertEverythingWorks(ChildResult child)
    {
        Assert.True(child.ExitCode == 0, child.ToString());
        Assert.DoesNotContain("WRONG", child.Output, StringComparison.Ordinal);
        Assert.Equal(9, child.Output.Split("=ok").Length - 1);
        Assert.Equal("0", child["warnings"]);
    }
}
