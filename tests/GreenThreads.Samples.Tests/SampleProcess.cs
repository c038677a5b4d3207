using System.Net;
using System.Runtime.InteropServices;

namespace GreenThreads.Samples.Tests;

/// <summary>One of the programs in samples/, with the runtime that runs the tests. The project file refers to it, so that it lies beside the tests.</summary>
internal sealed class SampleProcess : RunningProcess
{
    private const string Listening = "listening on ";

    private SampleProcess(string sample, IEnumerable<string> arguments, (string Name, string Value)[] environment)
        : base(DotnetPath, [PathOf(sample), .. arguments], [("DOTNET_DbgEnableMiniDump", "0"), .. environment])
    {
    }

    /// <summary>The program, for who starts it in another way.</summary>
    internal static string PathOf(string sample) => Path.Combine(AppContext.BaseDirectory, $"{sample}.dll");

    internal static SampleProcess Start(string sample, params string[] arguments) => new(sample, arguments, []);

    internal static SampleProcess Start(string sample, string[] arguments, params (string Name, string Value)[] environment) => new(sample, arguments, environment);

    /// <summary>Runs it to its end.</summary>
    /// <returns>The process that has ended: its exit code and what it wrote.</returns>
    internal static (int ExitCode, string Output, string Error) Run(string sample, params string[] arguments)
    {
        using SampleProcess process = Start(sample, arguments);
        process.Input.Close();
        int exitCode = process.WaitForExit();
        return (exitCode, process.Output.Text, process.Error.Text);
    }

    /// <summary>Waits until it says where it listens: a line "listening on 127.0.0.1:PORT", with more after the address or not.</summary>
    internal IPEndPoint WaitForAddress()
    {
        string line = WaitForLine(Listening);
        string address = line[(line.IndexOf(Listening, StringComparison.Ordinal) + Listening.Length)..];
        return IPEndPoint.Parse(address.Split(' ', ',')[0]);
    }

    // The one that runs the tests: <root>/shared/Microsoft.NETCore.App/<version>/.
    internal static string DotnetPath => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
}
