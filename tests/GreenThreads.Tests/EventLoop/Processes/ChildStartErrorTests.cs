namespace GreenThreads.Tests;

/// <summary>Why a program cannot be started, in words.</summary>
public sealed class ChildStartErrorTests
{
    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    [Fact]
    public void A_name_that_PATH_does_not_have_says_so() =>
        AssertFails(Errno.ENOENT, "no directory of PATH has the program no-such-program-at-all", new("no-such-program-at-all"));

    [Fact]
    public void A_path_where_nothing_is_says_so()
    {
        using var directory = new TemporaryDirectory();
        AssertFails(Errno.ENOENT, $"there is no program {directory.PathOf("none")}", new(directory.PathOf("none")));
    }

    [Fact]
    public void A_file_without_the_permission_says_so()
    {
        using var directory = new TemporaryDirectory();
        string path = directory.Write("plain", "#!/bin/sh\n");
        AssertFails(Errno.EACCES, "chmod +x", new(path));
    }

    [Fact]
    public void A_directory_says_so() => AssertFails(Errno.EACCES, "/usr is a directory", new("/usr"));

    [Fact]
    public void A_path_through_a_file_says_so() => AssertFails(Errno.ENOTDIR, "is not a directory", new("/etc/passwd/program"));

    [Fact]
    public void A_text_without_an_interpreter_says_so()
    {
        using var directory = new TemporaryDirectory();
        AssertFails(Errno.ENOEXEC, "#!/bin/sh", new(directory.Write("text", "hello\n", Executable)));
    }

    [Fact]
    public void A_script_whose_interpreter_is_missing_says_so()
    {
        using var directory = new TemporaryDirectory();
        AssertFails(Errno.ENOENT, "not the interpreter", new(directory.Write("script", "#!/no/such/interpreter\n", Executable)));
    }

    [Theory]
    [InlineData("/no/such/directory", Errno.ENOENT)]
    [InlineData("/etc/passwd", Errno.ENOTDIR)]
    public void A_bad_working_directory_says_so(string directory, int errno) =>
        AssertFails(errno, $"the working directory {directory} is none", new("true") { WorkingDirectory = directory });

    [Fact]
    public void Arguments_that_are_too_long_say_so() => AssertFails(Errno.E2BIG, "too long", new("true", new string('x', 1 << 20)));

    [Fact]
    public void A_NUL_is_refused()
    {
        Assert.Throws<ArgumentException>(() => GreenChildProcess.Start("true", "a\0b"));
        var options = new GreenChildProcessOptions("true");
        options.Environment["A"] = "\0";
        Assert.Throws<ArgumentException>(() => GreenChildProcess.Start(options));
    }

    [Fact]
    public void A_pipe_that_was_not_asked_for_is_refused()
    {
        using GreenChildProcess child = GreenChildProcess.Start("true");
        Assert.Throws<InvalidOperationException>(() => child.StandardInput);
        Assert.Throws<InvalidOperationException>(() => child.StandardOutput);
        Assert.Throws<InvalidOperationException>(() => child.StandardError);
        child.Wait().ThrowIfFailed();
    }

    private static void AssertFails(int errno, string text, GreenChildProcessOptions options)
    {
        SystemCallException exception = Assert.Throws<SystemCallException>(() => GreenChildProcess.Start(options));
        Assert.Equal(("posix_spawn", errno), (exception.Call, exception.Errno));
        Assert.Contains(text, exception.Message, StringComparison.Ordinal);
    }
}
