namespace GreenThreads.Tests;

/// <summary><see cref="GreenChildProcess"/>, where it takes a process of its own to see.</summary>
public sealed class ChildrenTests
{
    [Fact]
    public void Many_children_leave_neither_a_zombie_nor_a_descriptor_however_they_are_given_up()
    {
        ChildResult child = ChildProcess.Run("children", "40");
        Assert.True(child.ExitCode == 0 && child["children"] == "0", child.ToString());
    }

    // The kernel reaps them itself then, or the runtime does once it catches the signal, as it also does where it is process 1.
    [Theory]
    [InlineData]
    [InlineData("caught")]
    public void A_process_that_was_started_with_SIGCHLD_ignored_learns_how_its_children_end_if_the_kernel_can_tell(params string[] arguments) => Green.Run(() =>
    {
        var options = new GreenChildProcessOptions("/bin/sh",
            ["-c", "ulimit -c 0; trap '' CHLD; exec \"$@\"", "sh", .. ChildProcess.CommandOf(["children-ignored", .. arguments])])
        {
            StandardInput = GreenChildStream.Nothing,
            StandardOutput = GreenChildStream.Piped,
        };
        using GreenChildProcess child = GreenChildProcess.Start(options);
        using var output = new StreamReader(child.StandardOutput);
        string text = output.ReadToEnd();
        // Before Linux 6.15 it is a clear error.
        Assert.Equal(Environment.OSVersion.Version >= new Version(6, 15) ? "exit=3/\nexit=/9\n" : $"error={Errno.ECHILD}\nerror={Errno.ECHILD}\n", text);
        child.Wait().ThrowIfFailed();
    });
}
