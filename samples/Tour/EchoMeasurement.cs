using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace GreenThreads.Tour;

/// <summary>The echo server in this process under the load of a second one, which is this program again with a verb of its own.</summary>
internal static class EchoMeasurement
{
    private static readonly TimeSpan s_sampling = TimeSpan.FromMilliseconds(50);

    internal static EchoFigures Run(int connections, double seconds, CancellationToken stop)
    {
        using var server = EchoServer.Start(port: 0);
        using Process load = Process.Start(CommandFor(server.EndPoint.Port, connections, seconds))
            ?? throw new TourException("the second process did not start");
        int osThreads = 0;
        try
        {
            while (!load.WaitForExit(s_sampling))
            {
                stop.ThrowIfCancellationRequested();
                osThreads = Math.Max(osThreads, ProcessStatus.OsThreads);
            }
        }
        finally
        {
            if (!load.HasExited)
                load.Kill();
        }
        stop.ThrowIfCancellationRequested(); // Ctrl-C reaches both processes.
        string answer = load.StandardOutput.ReadToEnd();
        if (load.ExitCode != 0)
            throw new TourException($"the second process ended with exit code {load.ExitCode}");
        LoadFigures figures = JsonSerializer.Deserialize<LoadFigures>(answer) ?? throw new TourException("the second process gave no figures");
        return new EchoFigures(connections, figures.Requests, figures.Seconds, figures.Requests / figures.Seconds, figures.P50Microseconds,
            figures.P99Microseconds, osThreads);
    }

    private static ProcessStartInfo CommandFor(int port, int connections, double seconds)
    {
        // Started as "dotnet Tour.dll" the process is dotnet; otherwise it is the program itself, wherever it was published to.
        string program = Environment.ProcessPath ?? throw new TourException("the path of this program is not known");
        var command = new ProcessStartInfo(program) { RedirectStandardOutput = true, UseShellExecute = false };
        if (Path.GetFileName(program) == "dotnet")
            command.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, $"{typeof(EchoMeasurement).Assembly.GetName().Name}.dll"));
        string[] arguments =
        [
            Arguments.LoadVerb,
            "--port", port.ToString(CultureInfo.InvariantCulture),
            "--connections", connections.ToString(CultureInfo.InvariantCulture),
            "--seconds", seconds.ToString(CultureInfo.InvariantCulture),
        ];
        foreach (string argument in arguments)
            command.ArgumentList.Add(argument);
        return command;
    }
}

/// <summary>What came of it; the OS threads are the most that the serving process had at once.</summary>
internal sealed record EchoFigures(int Connections, long Requests, double Seconds, double RequestsPerSecond, double P50Microseconds,
    double P99Microseconds, int OsThreads);
