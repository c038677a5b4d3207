using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace GreenThreads.ServerBenchmarks;

// How do the samples compare with servers that are written with await?
// Measured: requests a second, latency, and the processor time of the server for each request, which an otherwise busy machine changes least.
// The servers take turns, run by run, so that what else the machine does meets all alike. Each run is a new process of the server.
internal static class Comparison
{
    private static readonly (string Name, string? Path, int AtOnce, ServerKind[] Servers)[] s_loads =
    [
        ("echo, 64 bytes", null, 1, [ServerKind.GreenEcho, ServerKind.SocketEcho, ServerKind.KestrelEcho]),
        ("HTTP /plaintext", "/plaintext", 1, [ServerKind.GreenHttp, ServerKind.KestrelHttp]),
        ("HTTP /plaintext, 16 pipelined", "/plaintext", 16, [ServerKind.GreenHttp, ServerKind.KestrelHttp]),
        ("HTTP /json", "/json", 1, [ServerKind.GreenHttp, ServerKind.KestrelHttp]),
    ];

    internal static int Run(int connections, TimeSpan duration, int runs, int schedulers)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "load" });
        Console.WriteLine(FormattableString.Invariant(
            $"{connections} connections, {runs} runs of {duration.TotalSeconds} s, {Environment.ProcessorCount} processors, {RuntimeInformation.FrameworkDescription}, mode {GreenRuntime.Mode}"));
        Console.WriteLine();
        Console.WriteLine("| load | server | requests/s: median (min-max) | p50 ms | p99 ms | CPU us/request | MB |");
        Console.WriteLine("|---|---|---:|---:|---:|---:|---:|");
        foreach ((string name, string? path, int atOnce, ServerKind[] servers) in s_loads)
        {
            var figures = servers.ToDictionary(kind => kind, _ => new List<Figures>());
            for (int run = 0; run < runs; run++)
            {
                foreach (ServerKind kind in servers)
                    figures[kind].Add(group.Spawn(() => Measure(kind, path, atOnce, connections, duration, schedulers)).Result);
            }
            foreach (ServerKind kind in servers)
                Print(name, kind, figures[kind]);
        }
        return 0;
    }

    private static Figures Measure(ServerKind kind, string? path, int atOnce, int connections, TimeSpan duration, int schedulers)
    {
        using var server = new ServerProcess(kind, schedulers);
        using var load = new Load(server.EndPoint, QuestionFor(server.EndPoint, path, atOnce), connections);
        TimeSpan before = TimeSpan.Zero;
        LoadFigures figures = load.Run(duration, () => before = server.ProcessorTime);
        double processorSeconds = (server.ProcessorTime - before).TotalSeconds;
        return new Figures(figures, processorSeconds * 1e6 / (figures.RequestsPerSecond * duration.TotalSeconds), server.ResidentMegabytes);
    }

    /// <summary>Asks once to see how long the answers are: all of them are alike.</summary>
    private static Question QuestionFor(IPEndPoint server, string? path, int atOnce)
    {
        if (path is null)
            return new Question(new byte[64], 64);
        byte[] request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {server}\r\nAccept: text/plain,application/json\r\nUser-Agent: load\r\n\r\n");
        using GreenTcpStream connection = GreenTcpStream.Connect(server);
        connection.Write(request);
        byte[] answer = new byte[4096];
        int count = 0;
        while (true)
        {
            int more = connection.Read(answer.AsSpan(count));
            if (more == 0)
                throw new IOException("the server ended the connection");
            count += more;
            string text = Encoding.ASCII.GetString(answer, 0, count);
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0)
                continue;
            string length = text.Split("\r\n").Single(static line => line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase));
            return new Question(request, end + 4 + int.Parse(length["Content-Length: ".Length..], CultureInfo.InvariantCulture), atOnce);
        }
    }

    private static void Print(string load, ServerKind kind, List<Figures> figures)
    {
        figures.Sort(static (one, other) => one.Load.RequestsPerSecond.CompareTo(other.Load.RequestsPerSecond));
        Figures median = figures[figures.Count / 2];
        Console.WriteLine(FormattableString.Invariant(
            $"| {load} | {kind} | {median.Load.RequestsPerSecond:N0} ({figures[0].Load.RequestsPerSecond:N0}-{figures[^1].Load.RequestsPerSecond:N0}) | {median.Load.P50:F2} | {median.Load.P99:F2} | {median.ProcessorMicroseconds:F2} | {median.Megabytes:F0} |"));
    }

    private sealed record Figures(LoadFigures Load, double ProcessorMicroseconds, double Megabytes);
}
