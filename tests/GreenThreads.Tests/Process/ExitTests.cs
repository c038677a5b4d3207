namespace GreenThreads.Tests;

public sealed class ExitTests
{
    [Theory]
    [InlineData("parked")]
    [InlineData("spinning")]
    public void Environment_Exit_on_a_green_thread_ends_the_process_with_its_code(string others) => AssertExits("exit-from-green-thread", others);

    [Theory]
    [InlineData("parked")]
    [InlineData("spinning")]
    public void Environment_Exit_on_the_main_thread_ends_the_process_with_its_code(string others) => AssertExits("exit-from-main", others);

    [Theory]
    [InlineData("parked")]
    [InlineData("spinning")]
    public void The_end_of_Main_ends_the_process_whatever_green_threads_there_are(string others) => AssertExits("main-returns", others);

    [Theory]
    [InlineData("open")]
    [InlineData("draining")]
    public void The_end_of_Main_runs_the_exit_callbacks_of_a_group_that_has_not_ended(string state)
    {
        ChildResult child = ChildProcess.Run("main-returns-with-callbacks", "37", state);
        Assert.True(child.ExitCode == 37, child.ToString());
        Assert.Equal(["callback 1", "callback 0"], child.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static void AssertExits(string scenario, string others)
    {
        ChildResult child = ChildProcess.Run(scenario, "37", others);
        Assert.True(child.ExitCode == 37, child.ToString());
        Assert.Empty(child.Error);
    }
}
