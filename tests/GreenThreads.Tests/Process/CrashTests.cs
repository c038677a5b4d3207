namespace GreenThreads.Tests;

public sealed class CrashTests
{
    [Fact]
    public void Stack_overflow_on_a_green_thread_ends_the_process_with_the_green_threads_frames()
    {
        ChildResult child = ChildProcess.Run("stack-overflow");
        AssertAborted(child, "Stack overflow.", "CrashScenarios.RecurseForEver(Int32)", "CrashScenarios.OverflowingGreenBody()");
    }

    [Fact]
    public void Stack_overflow_on_a_large_stack_ends_the_process_with_the_frames_of_both_stacks()
    {
        ChildResult child = ChildProcess.Run("stack-overflow-in-foreign");
        AssertAborted(child, "Stack overflow.", "CrashScenarios.RecurseForEver(Int32)", "CrashScenarios.OverflowingGreenBody()", "GreenThreads.Foreign.Run",
            "CrashScenarios.OverflowingForeignBody()");
    }

    [Fact]
    public void Stack_overflow_in_a_callback_ends_the_process_with_the_frames_of_both_stacks()
    {
        ChildResult child = ChildProcess.Run("stack-overflow-in-foreign", "callback");
        AssertAborted(child, "Stack overflow.", "CrashScenarios.RecurseForEver(Int32)", "CrashScenarios.OverflowingComparer", "GreenThreads.Foreign.Call",
            "CrashScenarios.OverflowingSort()");
    }

    [Fact]
    public void FailFast_on_a_green_thread_ends_the_process_with_the_message_and_the_green_threads_frames()
    {
        ChildResult child = ChildProcess.Run("fail-fast");
        AssertAborted(child, "the scenario asked for it", "CrashScenarios.FailFastNow()", "CrashScenarios.FailFastGreenBody()");
    }

    [Fact]
    public void An_unhandled_exception_under_the_policy_Crash_ends_the_process_as_on_any_thread()
    {
        ChildResult child = ChildProcess.Run("unhandled");
        AssertAborted(child, "Unhandled exception.", "System.TimeZoneNotFoundException: nobody handles this", "CrashScenarios.ThrowNow()", "CrashScenarios.ThrowingGreenBody()");
    }

    [SwitchedTheory]
    [InlineData("advice")]
    [InlineData("mprotect")]
    public void Touching_the_guard_below_a_stack_ends_the_process(string kind)
    {
        ChildResult child = ChildProcess.Run("touch-guard", kind);
        Assert.Equal("1", child["limit"]);
        AssertAborted(child, "Attempted to read or write protected memory", "CrashScenarios.TouchGuard");
        Assert.DoesNotContain("survived", child.Output, StringComparison.Ordinal);
        if (kind == "mprotect")
            Assert.Equal("mprotect", child["kind"]);
    }

    private static void AssertAborted(ChildResult child, params string[] inOrder)
    {
        Assert.True(child.ExitCode == ChildResult.Aborted, child.ToString());
        int position = 0;
        foreach (string text in inOrder)
        {
            position = child.Error.IndexOf(text, position, StringComparison.Ordinal);
            Assert.True(position >= 0, $"\"{text}\" is missing, or not in its place\n{child}");
        }
    }
}
