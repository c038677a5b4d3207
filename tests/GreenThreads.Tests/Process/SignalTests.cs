using System.Globalization;
using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary><see cref="GreenSignal"/> with signals that would end the process, sent to one that is there for that.</summary>
public sealed class SignalTests
{
    private const int SIGHUP = 1;
    private const int SIGINT = 2;
    private const int SIGQUIT = 3;
    private const int SIGUSR1 = 10;
    private const int SIGUSR2 = 12;
    private const int SIGTERM = 15;
    private const int SIGCHLD = 17;
    private const int SIGCONT = 18;
    private const int SIGWINCH = 28;

    [Theory]
    [InlineData(SIGUSR1)]
    [InlineData(SIGHUP)]
    [InlineData(SIGINT)]
    public void Signals_are_got_once_each_and_do_again_what_they_usually_do_when_the_last_object_is_disposed_of(int last) => Green.Run(() =>
    {
        (string Name, int Number)[] all =
        [
            ("SIGHUP", SIGHUP), ("SIGINT", SIGINT), ("SIGQUIT", SIGQUIT), ("10", SIGUSR1), ("12", SIGUSR2),
            ("SIGTERM", SIGTERM), ("SIGCHLD", SIGCHLD), ("SIGCONT", SIGCONT), ("SIGWINCH", SIGWINCH),
        ];
        // What was ignored when a process began stays ignored, by the runtime too: of a shell's background job SIGINT and SIGQUIT, under nohup SIGHUP.
        ulong ignored = IgnoredSignals();
        (string Name, int Number)[] signals = [.. all.Where(signal => (ignored >> (signal.Number - 1) & 1) == 0)];
        int end = (ignored >> (last - 1) & 1) == 0 ? last : SIGUSR1;
        // A shell, so that the end by a signal leaves no core file.
        var options = new GreenChildProcessOptions("/bin/sh", ["-c", "ulimit -c 0; exec \"$@\"", "sh", .. ChildProcess.CommandOf(["signals", .. signals.Select(signal => signal.Name)])])
        {
            StandardInput = GreenChildStream.Nothing,
            StandardOutput = GreenChildStream.Piped,
        };
        using GreenChildProcess child = GreenChildProcess.Start(options);
        using var output = new StreamReader(child.StandardOutput);
        Assert.Equal("ready", output.ReadLine());
        foreach ((string name, int number) in signals)
        {
            Assert.True(child.Kill((PosixSignal)number));
            Assert.Equal($"got={name}", output.ReadLine());
        }
        Assert.Equal("disposed", output.ReadLine());
        Assert.True(child.Kill((PosixSignal)end));
        Assert.Null(output.ReadLine());
        GreenChildExit exit = child.Wait();
        Assert.True(exit.Signal == end, exit.ToString());
    });

    private static ulong IgnoredSignals()
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal));
        return ulong.Parse(line.AsSpan("SigIgn:".Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
