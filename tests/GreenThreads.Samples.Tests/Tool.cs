using System.Diagnostics;

namespace GreenThreads.Samples.Tests;

/// <summary>A foreign program that the samples are tried with, such as curl or wrk.</summary>
internal static class Tool
{
    /// <summary>Where it is; null if it is not installed. /usr/sbin is in root's search path only.</summary>
    internal static string? Find(string name) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/usr/local/sbin".Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);

    /// <summary>Starts it.</summary>
    internal static RunningProcess Start(string name, params string[] arguments) => new(Find(name)!, arguments);

    /// <summary>Runs it to its end and fails if its exit code is not 0.</summary>
    /// <returns>What it wrote to its standard output, byte for byte as Latin-1.</returns>
    internal static string Run(string name, params string[] arguments) => RunWith(name, input: "", arguments);

    /// <summary>The same with something on its standard input, which ends after it.</summary>
    internal static string RunWith(string name, string input, params string[] arguments)
    {
        (int exitCode, string output, string error) = TryRun(name, input, arguments);
        Assert.True(exitCode == 0, $"{name} {string.Join(' ', arguments)}: exit code {exitCode}\n{output}\n{error}");
        return output;
    }

    /// <summary>The same for programs that may fail.</summary>
    internal static (int ExitCode, string Output, string Error) TryRun(string name, string input, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(Find(name)!, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = System.Text.Encoding.Latin1,
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It does not read it.
        }
        if (!process.WaitForExit(TimeLimit.Generous))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{name} {string.Join(' ', arguments)} does not end\n{output.Result}\n{error.Result}");
        }
        process.WaitForExit();
        return (process.ExitCode, output.Result, error.Result);
    }
}
