using System.Diagnostics;
using System.Net;
using System.Text;

namespace GreenThreads.Conformance;

/// <summary>
/// A server that tools/conformance-servers starts for the tests of a class, and that ends with it, or with this process: the script waits
/// for the end of its standard input. One that a developer started by hand is used if the environment says where it is, as the script prints it.
/// </summary>
public abstract class Server : IDisposable
{
    private readonly StringBuilder _errors = new();
    private readonly Process? _process;

    /// <param name="name">As the script calls it.</param>
    protected Server(string name)
    {
        string variable = Variable(name);
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } given)
        {
            EndPoint = IPEndPoint.Parse(given);
            return;
        }
        // The class is made even if all its tests are skipped.
        if (MissingReason(name) is not null)
            return;

        _process = StartScript(name);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.BeginErrorReadLine();
        while (_process.StandardOutput.ReadLine() is { } line && line != "ready")
        {
            if (line.StartsWith(variable + '=', StringComparison.Ordinal))
                EndPoint = IPEndPoint.Parse(line.AsSpan(variable.Length + 1));
        }
        if (EndPoint is null)
        {
            _process.WaitForExit();
            throw new InvalidOperationException($"{name} did not start: {Errors}");
        }
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint? EndPoint { get; }

    private string Errors
    {
        get
        {
            lock (_errors)
                return _errors.ToString();
        }
    }

    /// <summary>Why the tests that need it are skipped; null if it can be had.</summary>
    internal static string? MissingReason(string name)
    {
        if (Environment.GetEnvironmentVariable(Variable(name)) is { Length: > 0 })
            return null;
        try
        {
            using Process process = StartScript(name, "--check");
            string reason = process.StandardError.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : reason;
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            return $"cannot run tools/conformance-servers: {exception.Message}";
        }
    }

    public void Dispose()
    {
        if (_process is null)
            return;
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeLimit.Generous))
        {
            _process.Kill(entireProcessTree: true);
            throw new TimeoutException($"the server did not stop: {Errors}");
        }
        _process.Dispose();
        GC.SuppressFinalize(this);
    }

    private static string Variable(string name) => "GREENTHREADS_" + name.ToUpperInvariant();

    private static Process StartScript(params string[] arguments) =>
        Process.Start(new ProcessStartInfo("bash", [Path.Combine(AppContext.BaseDirectory, "conformance-servers"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    private void Append(string? line)
    {
        lock (_errors)
            _errors.AppendLine(line);
    }
}
