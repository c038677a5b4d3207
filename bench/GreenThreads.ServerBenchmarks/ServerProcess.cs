using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace GreenThreads.ServerBenchmarks;

/// <summary>One of the servers as a process.</summary>
internal sealed partial class ServerProcess : IDisposable
{
    private const string Listening = "listening on ";
    private const int SIGTERM = 15;

    private readonly Process _process;

    internal ServerProcess(ServerKind kind, int schedulers)
    {
        string directory = AppContext.BaseDirectory;
        string[] green = ["--port", "0", "--schedulers", schedulers.ToString(CultureInfo.InvariantCulture), "--statistics"];
        string self = typeof(ServerProcess).Assembly.Location;
        // With the frameworks of this program: what ASP.NET Core has is not copied into its output, and the samples need some of it.
        string[] exec = ["exec", "--runtimeconfig", Path.ChangeExtension(self, "runtimeconfig.json"), "--depsfile", Path.ChangeExtension(self, "deps.json")];
        string[] arguments = kind switch
        {
            ServerKind.GreenEcho => [.. exec, Path.Combine(directory, "EchoServer.dll"), .. green],
            ServerKind.GreenHttp => [.. exec, Path.Combine(directory, "HttpServer.dll"), .. green],
            _ => [self, "serve", kind.ToString()],
        };
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        _process = Process.Start(new ProcessStartInfo(dotnet, arguments) { RedirectStandardOutput = true })!;
        string line = _process.StandardOutput.ReadLine() ?? throw new IOException($"the server {kind} did not start");
        EndPoint = IPEndPoint.Parse(line[Listening.Length..]);
    }

    internal IPEndPoint EndPoint { get; }

    internal TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    internal double ResidentMegabytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 / 1024.0 / 1024.0;
        }
    }

    /// <summary>Ends it.</summary>
    /// <returns>What it wrote at its end.</returns>
    internal string Stop()
    {
        _ = kill(_process.Id, SIGTERM);
        string output = _process.StandardOutput.ReadToEnd();
        _process.WaitForExit();
        return output;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    [LibraryImport("libc")]
    private static partial int kill(int pid, int signal);
}
