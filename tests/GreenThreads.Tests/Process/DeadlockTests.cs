namespace GreenThreads.Tests;

/// <summary>Deadlocks in a process of their own: in this one the test host has timers and busy threads.</summary>
public sealed class DeadlockTests
{
    [Theory]
    [InlineData("quiet")]
    [InlineData("quiet-older")]
    public void A_deadlock_in_a_quiet_process_is_reported(string kind)
    {
        ChildResult child = ChildProcess.Run("deadlock", kind, "2");
        Assert.True(child["found"] == "True", child.ToString());
        Assert.Contains("GreenSemaphore \"never\": /     stuck", child["report"], StringComparison.Ordinal);
        Assert.Contains("DeadlockScenario.cs:", child["report"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("timer")]
    [InlineData("task")]
    [InlineData("long-task")]
    [InlineData("thread")]
    [InlineData("async")]
    [InlineData("group")]
    public void Who_is_still_under_way_somewhere_in_the_process_holds_a_report_back(string who)
    {
        ChildResult child = ChildProcess.Run("deadlock", who, "2");
        Assert.True(child["reports"] == "0", child.ToString());
    }

    [Theory]
    [InlineData("before-timer")]
    [InlineData("before-thread")]
    [InlineData("before-task")]
    [InlineData("before-signal")]
    [InlineData("before-process")]
    [InlineData("before-files")]
    [InlineData("before-socket")]
    [InlineData("inside-signal")]
    [InlineData("inside-process")]
    [InlineData("inside-files")]
    [InlineData("inside-socket")]
    public void Who_comes_for_the_first_time_later_holds_a_report_back(string who)
    {
        ChildResult child = ChildProcess.Run("deadlock", who, "2");
        Assert.True(child["reports"] == "0", child.ToString());
    }

    [Theory]
    [InlineData("1")]
    [InlineData("4")]
    public void A_group_that_is_nearly_idle_and_woken_from_outside_in_every_way_reports_nothing(string schedulers)
    {
        ChildResult child = ChildProcess.Run("deadlock", "stress", schedulers);
        Assert.True(child["reports"] == "0", child.ToString());
    }
}
