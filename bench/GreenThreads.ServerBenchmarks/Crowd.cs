using System.Globalization;

namespace GreenThreads.ServerBenchmarks;

// Does the echo server serve the busy ones beside very many that are silent, and is no scheduler ever blocked?
// Each of the silent connections is answered once at the beginning and once at the end, so that they are known to be there.
internal static class Crowd
{
    private const int OtherDescriptors = 200;

    internal static int Run(int idle, int busy, TimeSpan duration, int schedulers, double limit)
    {
        CheckDescriptors(idle + busy + OtherDescriptors);
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "load" });
        return group.Spawn(() => Run(new ServerProcess(ServerKind.GreenEcho, schedulers), idle, busy, duration, limit)).Result;
    }

    private static int Run(ServerProcess server, int idle, int busy, TimeSpan duration, double limit)
    {
        using (server)
        {
            GreenTcpStream[] silent = [.. Enumerable.Range(0, idle).Select(_ => GreenTcpStream.Connect(server.EndPoint))];
            Greet(silent);
            LoadFigures figures;
            using (var load = new Load(server.EndPoint, new Question(new byte[64], 64), busy))
                figures = load.Run(duration);
            Greet(silent);
            double megabytes = server.ResidentMegabytes;
            foreach (GreenTcpStream connection in silent)
                connection.Dispose();
            string statistics = server.Stop();
            Console.WriteLine(FormattableString.Invariant($"idle {idle}, busy {busy}: {figures.RequestsPerSecond:N0} requests/s, p50 {figures.P50:F2} ms, p99 {figures.P99:F2} ms, longest {figures.Longest:F1} ms, {megabytes:F0} MB"));
            Console.Write(statistics);
            double longest = NumberAfter(statistics, "longest block ");
            if (longest <= limit)
                return 0;
            Console.Error.WriteLine(FormattableString.Invariant($"a scheduler was blocked for {longest} ms, which is more than {limit} ms"));
            return 1;
        }
    }

    private static void Greet(GreenTcpStream[] connections)
    {
        byte[] hello = "hello"u8.ToArray();
        byte[] echo = new byte[hello.Length];
        foreach (GreenTcpStream connection in connections)
        {
            connection.Write(hello);
            connection.ReadExactly(echo);
            if (!echo.AsSpan().SequenceEqual(hello))
                throw new IOException("the echo is not what was sent");
        }
    }

    // The runtime raises the soft limit to the hard one at its start, in the server too.
    private static void CheckDescriptors(int needed)
    {
        const string Line = "Max open files";
        string line = File.ReadLines("/proc/self/limits").First(line => line.StartsWith(Line, StringComparison.Ordinal));
        string soft = line[Line.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        if (long.TryParse(soft, CultureInfo.InvariantCulture, out long limit) && limit < needed)
            throw new IOException($"{needed} descriptors are needed, and {limit} allowed: raise RLIMIT_NOFILE (ulimit -n, LimitNOFILE=), or ask for fewer connections");
    }

    private static double NumberAfter(string text, string name)
    {
        int start = text.IndexOf(name, StringComparison.Ordinal);
        if (start < 0)
            throw new IOException("the server gave no statistics");
        return double.Parse(text[(start + name.Length)..].Split(' ')[0], CultureInfo.InvariantCulture);
    }
}
