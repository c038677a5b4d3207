namespace GreenThreads.Tests;

/// <summary>Who had thread statics in the OS thread's own block when the library started, and whether green threads may migrate then.</summary>
public sealed class DirectRoomTests
{
    [SwitchedFact]
    public void A_process_that_starts_the_library_first_may_migrate()
    {
        ChildResult child = Run();
        Assert.Equal("0", child["others"]);
        Assert.Equal("True", child["migrate"]);
        Assert.Equal("", child["warning"]);
        Assert.Contains("migration: yes", child.Output, StringComparison.Ordinal);
    }

    [SwitchedFact]
    public void The_framework_may_have_been_used_before()
    {
        ChildResult child = Run("framework");
        Assert.NotEqual("0", child["lost"]);
        Assert.Equal("0", child["others"]);
        Assert.Equal("True", child["migrate"]);
        Assert.Contains("System.Threading.Lock+ThreadId in System.Private.CoreLib", child.Output, StringComparison.Ordinal);
    }

    [SwitchedTheory]
    [InlineData("own")]
    [InlineData("own", "framework")]
    [InlineData("framework", "own")]
    public void Thread_statics_of_the_program_that_were_used_before_forbid_migration_and_are_named(params string[] what)
    {
        ChildResult child = Run(what);
        Assert.Equal("16", child["others"]);
        Assert.Equal("False", child["migrate"]);
        Assert.DoesNotContain("System.Threading", child["classes"], StringComparison.Ordinal);
        foreach (string name in (string[])["Small", "Mixed"])
        {
            Assert.Contains($"DirectRoomScenario+{name} in GreenThreads.TestProcess", child["classes"], StringComparison.Ordinal);
            Assert.Contains($"DirectRoomScenario+{name} in GreenThreads.TestProcess", child["warning"], StringComparison.Ordinal);
        }
        Assert.Contains("migration: no", child.Output, StringComparison.Ordinal);
    }

    // With no class of ours in the room, the runtime's table is found by one of the framework's.
    [SwitchedTheory]
    [InlineData("fill")]
    [InlineData("framework", "fill")]
    public void A_program_that_had_all_of_the_room_may_not_migrate(params string[] what)
    {
        ChildResult child = Run(what);
        Assert.Equal("0", child["taken"]);
        Assert.Equal("True", child["known"]);
        Assert.Equal("False", child["migrate"]);
        Assert.Contains("DirectRoomScenario+Generic`1[System.Byte] in GreenThreads.TestProcess", child["warning"], StringComparison.Ordinal);
    }

    private static ChildResult Run(params string[] what)
    {
        ChildResult child = ChildProcess.Run(["direct-room", .. what]);
        Assert.True(child.ExitCode == 0, child.ToString());
        return child;
    }

    [SwitchedFact]
    public void Thread_statics_that_were_used_before_the_library_keep_their_values_on_several_schedulers()
    {
        ChildResult child = ChildProcess.Run("early-statics");
        Assert.True(child.ExitCode == 0, child.ToString());
    }
}
