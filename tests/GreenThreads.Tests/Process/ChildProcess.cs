using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace GreenThreads.Tests;

/// <summary>What a scenario of tests/GreenThreads.TestProcess did.</summary>
internal sealed record ChildResult(int ExitCode, string Output, string Error)
{
    /// <summary>The exit code of a process that abort() ended: 128 + SIGABRT.</summary>
    internal const int Aborted = 134;

    /// <summary>The value of a line <c>name=value</c> on standard output.</summary>
    internal string this[string name] =>
        Output.Split('\n').FirstOrDefault(line => line.StartsWith(name + '=', StringComparison.Ordinal))?[(name.Length + 1)..]
        ?? throw new KeyNotFoundException($"no line {name}= in the output of the child\n{this}");

    internal double Number(string name) => double.Parse(this[name], CultureInfo.InvariantCulture);

    public override string ToString() => $"exit code {ExitCode}\n--- output\n{Output}\n--- error\n{Error}";
}

/// <summary>Runs one scenario in a process of its own.</summary>
internal static class ChildProcess
{
    internal static ChildResult Run(params string[] scenario) => Run(scenario, []);

    /// <param name="scenario">The name and its arguments.</param>
    /// <param name="environment">Variables to set; those that the tests run with are inherited.</param>
    internal static ChildResult Run(string[] scenario, params (string Name, string Value)[] environment)
    {
        // A shell, so that a child that is meant to crash leaves no core file.
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        string[] arguments = ["-c", "ulimit -c 0; exec \"$@\"", "sh", .. CommandOf(scenario)];
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeLimit.Generous))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            throw new TimeoutException($"{string.Join(' ', scenario)} hangs\n{output.Result}\n{error.Result}");
        }
        process.WaitForExit();
        return new ChildResult(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>The command of a scenario, for tests that start it in another way.</summary>
    internal static string[] CommandOf(params string[] scenario) =>
        [DotnetPath, Path.Combine(AppContext.BaseDirectory, "GreenThreads.TestProcess.dll"), .. scenario];

    // The one that runs the tests: <root>/shared/Microsoft.NETCore.App/<version>/.
    private static string DotnetPath => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
}
