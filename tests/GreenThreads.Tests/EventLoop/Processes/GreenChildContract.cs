using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace GreenThreads.Tests;

/// <summary><see cref="GreenChildProcess"/>, used by one kind of thread.</summary>
public abstract partial class GreenChildContract : ThreadContract
{
    [Fact]
    public void A_child_returns_its_exit_code() => Run(() =>
    {
        foreach (int code in new[] { 0, 3, 255 })
        {
            using GreenChildProcess child = Shell($"exit {code}");
            GreenChildExit exit = child.Wait();
            Assert.Equal((code, null, code == 0), (exit.ExitCode, exit.Signal, exit.IsSuccess));
            Assert.Equal((child.Id, "/bin/sh"), (exit.ProcessId, exit.FileName));
            Assert.Same(exit, child.Wait());
            Assert.True(child.HasExited);
        }
    });

    [Fact]
    public void A_crash_is_told_as_the_signal() => Run(() =>
    {
        using GreenChildProcess child = Shell("ulimit -c 0; kill -SEGV $$");
        GreenChildExit exit = child.Wait();
        Assert.Equal((null, 11, false), (exit.ExitCode, exit.Signal, exit.IsSuccess));
        GreenChildException exception = Assert.Throws<GreenChildException>(exit.ThrowIfFailed);
        Assert.Equal($"/bin/sh (process {child.Id}) was ended by SIGSEGV", exception.Message);
        Assert.Same(exit, exception.Exit);
    });

    [Fact]
    public void Arguments_environment_and_directory_arrive_as_they_are() => Run(() =>
    {
        var options = new GreenChildProcessOptions("sh", "-c", "printf '%s|' \"$@\" \"$GREEN\" \"$PWD\"", "sh", "", "a b", "$HOME \"'*", "ü→𝄞")
        {
            WorkingDirectory = "/usr",
            StandardOutput = GreenChildStream.Piped,
        };
        options.Environment["GREEN"] = "x=y\nz";
        Assert.Equal("|a b|$HOME \"'*|ü→𝄞|x=y\nz|/usr|", OutputOf(options));
    });

    [Fact]
    public void What_a_child_reads_and_writes_is_a_stream() => Run(() =>
    {
        byte[] sent = new byte[1 << 20];
        new Random(1).NextBytes(sent);
        using GreenChildProcess child = GreenChildProcess.Start(AllPiped("cat"));
        Task writer = Start(() =>
        {
            child.StandardInput.Write(sent);
            child.StandardInput.Dispose();
        });
        using var received = new MemoryStream();
        child.StandardOutput.CopyTo(received);
        Join(writer);
        Assert.True(sent.AsSpan().SequenceEqual(received.ToArray()));
        Assert.Equal(-1, child.StandardError.ReadByte());
        Assert.True(child.Wait().IsSuccess);
    });

    [Fact]
    public void A_write_to_a_child_that_has_ended_fails_with_EPIPE() => Run(() =>
    {
        using GreenChildProcess child = GreenChildProcess.Start(AllPiped("true"));
        child.Wait();
        Assert.Equal(Errno.EPIPE, Assert.Throws<SystemCallException>(() => child.StandardInput.Write([1])).Errno);
    });

    [Fact]
    public void Error_can_go_where_output_goes_or_nowhere_or_to_a_file() => Run(() =>
    {
        var options = new GreenChildProcessOptions("sh", "-c", "echo out; echo error >&2; cat")
        {
            StandardInput = GreenChildStream.Nothing,
            StandardOutput = GreenChildStream.Piped,
            StandardError = GreenChildStream.AsOutput,
        };
        Assert.Equal("out\nerror\n", OutputOf(options));
        options.StandardError = GreenChildStream.Nothing;
        Assert.Equal("out\n", OutputOf(options));

        using var directory = new TemporaryDirectory();
        string path = directory.PathOf("output");
        using (SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
        {
            options.StandardOutput = GreenChildStream.Of(file);
            options.StandardError = GreenChildStream.Of(file);
            using GreenChildProcess child = GreenChildProcess.Start(options);
            child.Wait().ThrowIfFailed();
        }
        Assert.Equal("out\nerror\n", File.ReadAllText(path));
        options.StandardInput = GreenChildStream.AsOutput;
        Assert.Throws<ArgumentException>(() => GreenChildProcess.Start(options));
    });

    [Fact]
    public void A_child_inherits_no_descriptor_not_even_one_that_is_not_close_on_exec() => Run(() =>
    {
        using var file = new FileStream("/dev/null", FileMode.Open, FileAccess.Read);
        using var leaking = new SafeFileHandle(dup((int)file.SafeFileHandle.DangerousGetHandle()), ownsHandle: true);
        // The fourth is what ls reads the directory with.
        string open = OutputOf(new GreenChildProcessOptions("ls", "/proc/self/fd")
        {
            StandardInput = GreenChildStream.Nothing,
            StandardOutput = GreenChildStream.Piped,
            StandardError = GreenChildStream.Nothing,
        });
        Assert.Equal("0\n1\n2\n3\n", open);
    });

    [Fact]
    public void A_child_has_no_blocked_signal_and_SIGPIPE_ends_it() => Run(() =>
    {
        string status = OutputOf(new GreenChildProcessOptions("cat", "/proc/self/status") { StandardOutput = GreenChildStream.Piped });
        Assert.Equal(0UL, Mask("SigBlk"));
        Assert.Equal(0UL, Mask("SigIgn") & (1UL << 12));

        ulong Mask(string name) => Convert.ToUInt64(status.Split('\n').Single(line => line.StartsWith(name, StringComparison.Ordinal)).Split('\t')[1], 16);
    });

    [Fact]
    public void A_wait_with_a_limit_leaves_the_child_alone_and_a_signal_ends_it() => Run(() =>
    {
        using GreenChildProcess child = GreenChildProcess.Start("sleep", "1000");
        Assert.False(child.TryWait(TimeSpan.FromMilliseconds(5), out GreenChildExit? exit));
        Assert.Null(exit);
        Assert.False(child.HasExited);
        Assert.True(child.Kill(PosixSignal.SIGTERM));
        Assert.Equal(15, child.Wait().Signal);
        Assert.False(child.Kill());
        Assert.True(child.TryWait(TimeSpan.Zero, out exit));
        Assert.Contains("SIGTERM", exit.ToString(), StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => child.TryWait(TimeSpan.FromSeconds(-2), out _));

        using GreenChildProcess other = GreenChildProcess.Start("sleep", "1000");
        Assert.Equal(Errno.EINVAL, Assert.Throws<SystemCallException>(() => other.Kill((PosixSignal)1000)).Errno);
        Assert.True(other.Kill());
        Assert.Equal(9, other.Wait().Signal);
    });

    [Fact]
    public void All_who_wait_learn_of_the_end() => Run(() =>
    {
        using GreenChildProcess child = GreenChildProcess.Start(AllPiped("cat"));
        Task[] waiters = [.. Enumerable.Range(0, 4).Select(_ => Start(() => Assert.Equal(0, child.Wait().ExitCode)))];
        Task<GreenChildExit> pending = child.WaitAsync().AsTask();
        WaitUntilSomebodyWaits((PolledDescriptor)child.Handle, WaitDirection.Read);
        child.StandardInput.Dispose();
        Join(waiters);
        Join(pending);
        Assert.Equal(0, Select.Wait(Select.Readable(child.Handle)));
    });

    [Fact]
    public void An_asynchronous_wait_is_cancelled_and_the_child_goes_on() => Run(() =>
    {
        using GreenChildProcess child = GreenChildProcess.Start(AllPiped("cat"));
        using var cancellation = new CancellationTokenSource();
        Task<GreenChildExit> pending = child.WaitAsync(cancellation.Token).AsTask();
        cancellation.Cancel();
        WaitUntil(() => pending.IsCanceled);
        child.StandardInput.WriteByte(7);
        Assert.Equal(7, child.StandardOutput.ReadByte());
    });

    [Fact]
    public void Disposing_ends_every_wait_and_no_zombie_is_left() => Run(() =>
    {
        GreenChildProcess child = GreenChildProcess.Start(AllPiped("cat"));
        Task waiter = Start(() => Assert.Throws<ObjectDisposedException>(() => child.Wait()));
        WaitUntilSomebodyWaits((PolledDescriptor)child.Handle, WaitDirection.Read);
        Task reader = Start(() => Assert.Throws<ObjectDisposedException>(() => child.StandardOutput.ReadByte()));
        child.Dispose(); // Which ends its input.
        child.Dispose();
        Join(waiter, reader);
        Assert.Throws<ObjectDisposedException>(() => child.Kill());
        Assert.Throws<ObjectDisposedException>(() => child.HasExited);
        WaitUntil(() => IsGone(child.Id));
    });

    [Fact]
    public void One_that_nobody_holds_any_more_leaves_no_zombie() => Run(() =>
    {
        int id = 0;
        Join(Start(() => id = GreenChildProcess.Start("true").Id));
        WaitUntil(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return IsGone(id);
        });
    });

    [Fact]
    public void Children_of_the_framework_s_Process_live_beside() => Run(() =>
    {
        for (int i = 0; i < 5; i++)
        {
            using GreenChildProcess one = Shell("exit 5");
            using Process other = Process.Start("/bin/sh", ["-c", "exit 6"]);
            using GreenChildProcess zombie = Shell("exit 7");
            other.WaitForExit();
            Assert.Equal((6, 5, 7), (other.ExitCode, one.Wait().ExitCode, zombie.Wait().ExitCode));
        }
    });

    private static GreenChildProcess Shell(string script) => GreenChildProcess.Start("/bin/sh", "-c", script);

    private static GreenChildProcessOptions AllPiped(string fileName) => new(fileName)
    {
        StandardInput = GreenChildStream.Piped,
        StandardOutput = GreenChildStream.Piped,
        StandardError = GreenChildStream.Piped,
    };

    private static string OutputOf(GreenChildProcessOptions options)
    {
        using GreenChildProcess child = GreenChildProcess.Start(options);
        using var reader = new StreamReader(child.StandardOutput, Encoding.UTF8);
        string output = reader.ReadToEnd();
        child.Wait().ThrowIfFailed();
        return output;
    }

    // A zombie has its directory still.
    private static bool IsGone(int id) => !Directory.Exists($"/proc/{id}");

    [LibraryImport("libc")]
    private static partial int dup(int fd);
}

public sealed class GreenThreadChildTests : GreenChildContract
{
    protected override Task Start(Action body) => GreenThreadsOfTests.Start(body);

    protected override void Yield() => GreenThread.Yield();

    [Fact]
    public void A_green_thread_that_is_cancelled_leaves_the_child_to_others()
    {
        using GreenChildProcess child = GreenChildProcess.Start("sleep", "1000");
        var descriptor = (PolledDescriptor)child.Handle;
        GreenThread waiter = GreenThread.Spawn(() => child.Wait());
        Run(() => WaitUntilSomebodyWaits(descriptor, WaitDirection.Read));
        waiter.Cancel();
        Assert.ThrowsAny<Exception>(waiter.Join);
        Assert.False(descriptor.Interest.HasWaiters(WaitDirection.Read));
        child.Kill();
        Assert.Equal(9, child.Wait().Signal);
    }
}

public sealed class OsThreadChildTests : GreenChildContract
{
    protected override Task Start(Action body) => OsThreads.Start(body);

    protected override void Yield() => Thread.Yield();
}
