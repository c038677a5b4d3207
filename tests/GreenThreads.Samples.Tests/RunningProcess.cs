using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GreenThreads.Samples.Tests;

/// <summary>A program that runs beside the test: its output is captured, and it does not outlive the test.</summary>
internal partial class RunningProcess : IDisposable
{
    private readonly Process _process;
    private readonly string _name;

    /// <param name="program">A path, or a name in the search path.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Variables to set; those that the tests run with are inherited.</param>
    internal RunningProcess(string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        _name = Path.GetFileName(program);
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += Output.Add;
        _process.ErrorDataReceived += Error.Add;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Its standard output so far.</summary>
    internal OutputLines Output { get; } = new();

    /// <summary>Its standard error so far.</summary>
    internal OutputLines Error { get; } = new();

    /// <summary>Its standard input.</summary>
    internal StreamWriter Input => _process.StandardInput;

    internal int Id => _process.Id;

    internal bool HasExited => _process.HasExited;

    /// <summary>Waits for a line of the output that has the text in it, and fails with everything that the process wrote if there is none.</summary>
    internal string WaitForLine(string text) => Output.WaitFor(text) ?? throw new InvalidOperationException($"{_name} did not write \"{text}\"\n{this}");

    /// <summary>The same on standard error.</summary>
    internal string WaitForErrorLine(string text) => Error.WaitFor(text) ?? throw new InvalidOperationException($"{_name} did not write \"{text}\" on stderr\n{this}");

    /// <summary>Sends a signal.</summary>
    internal void Send(PosixSignal signal) => Send(signal switch
    {
        PosixSignal.SIGHUP => 1,
        PosixSignal.SIGINT => 2,
        PosixSignal.SIGTERM => 15,
        _ => (int)signal,
    });

    /// <inheritdoc cref="Send(PosixSignal)"/>
    /// <param name="number">The system's number.</param>
    internal void Send(int number)
    {
        if (kill(_process.Id, number) != 0)
            throw new Win32Exception();
    }

    /// <summary>Asks it to end (SIGTERM) and waits for it.</summary>
    /// <returns>Its exit code.</returns>
    internal int Stop()
    {
        Send(PosixSignal.SIGTERM);
        return WaitForExit();
    }

    /// <summary>Waits for its end, and that of its output.</summary>
    /// <returns>Its exit code.</returns>
    internal int WaitForExit()
    {
        if (!_process.WaitForExit(TimeLimit.Generous))
            throw new TimeoutException($"{_name} does not end\n{this}");
        _process.WaitForExit(); // With this overload for the output too.
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }
        _process.Dispose();
    }

    public override string ToString() => $"--- {_name}: {(_process.HasExited ? $"exit code {_process.ExitCode}" : "runs")}\n--- output\n{Output.Text}\n--- error\n{Error.Text}";

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}
