using System.Diagnostics;
using System.Net;

namespace GreenThreads.Benchmarks;

// Which engine of the event loop is quicker for connections, io_uring or epoll?
// Measured: 64 bytes there and back over loopback, on 1, 50 and 1,000 connections at once; clients and servers in this process, in two groups of the same engine.
// The processor time is that of the whole process, client and server. Both engines take turns, so that what else the machine does concerns both; the middle of the rounds is told.
// Left out: connecting, and the network.
internal static class EngineComparison
{
    private const int MessageSize = 64;

    private static readonly (int Connections, int RoundTrips)[] s_loads = [(1, 20_000), (50, 60_000), (1_000, 200_000)];

    internal static int Run(string[] arguments)
    {
        int rounds = arguments.Length > 0 ? int.Parse(arguments[0], System.Globalization.CultureInfo.InvariantCulture) : 5;
        EventLoopEngine[] engines = arguments.Length > 1 ? [Enum.Parse<EventLoopEngine>(arguments[1])] : [EventLoopEngine.Epoll, EventLoopEngine.IoUring];
        Console.WriteLine("connections  engine   us/round trip  ratio  CPU us/round trip  ratio");
        foreach ((int connections, int roundTrips) in s_loads)
        {
            var times = engines.ToDictionary(engine => engine, _ => new List<(double Seconds, double Processor)>());
            for (int round = 0; round <= rounds; round++)
            {
                foreach (EventLoopEngine engine in engines)
                {
                    (double, double) time = Echo(engine, connections, roundTrips);
                    if (round > 0) // The first is for the compiler.
                        times[engine].Add(time);
                }
            }
            (double epoll, double epollProcessor) = Middle(times[engines[0]]);
            foreach (EventLoopEngine engine in engines)
            {
                (double seconds, double processor) = Middle(times[engine]);
                Console.WriteLine($"{connections,11}  {engine,-7}  {seconds / roundTrips * 1e6,13:F2}  {seconds / epoll,5:F2}"
                    + $"  {processor / roundTrips * 1e6,17:F2}  {processor / epollProcessor,5:F2}");
            }
        }
        return 0;
    }

    private static (double, double) Middle(List<(double Seconds, double Processor)> values) =>
        (values.Select(value => value.Seconds).Order().ElementAt(values.Count / 2), values.Select(value => value.Processor).Order().ElementAt(values.Count / 2));

    private static (double, double) Echo(EventLoopEngine engine, int connections, int roundTrips)
    {
        using var servers = new SchedulerGroup(new SchedulerGroupOptions { Name = "servers", EventLoopEngine = engine, Schedulers = 1 });
        using var clients = new SchedulerGroup(new SchedulerGroupOptions { Name = "clients", EventLoopEngine = engine, Schedulers = 1 });
        using GreenTcpListener listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0), connections);
        var ends = new List<GreenTcpStream>();
        for (int i = 0; i < connections; i++)
        {
            ends.Add(GreenTcpStream.Connect(listener.LocalEndPoint));
            GreenTcpStream server = listener.Accept();
            servers.Spawn(() =>
            {
                using (server)
                {
                    byte[] message = new byte[MessageSize];
                    while (server.Read(message) is var count && count > 0)
                        server.Write(message.AsSpan(0, count));
                }
            });
        }
        int each = roundTrips / connections;
        long start = Stopwatch.GetTimestamp();
        TimeSpan processorAtStart = Environment.CpuUsage.TotalTime;
        GreenThread[] askers = [.. ends.Select(client => clients.Spawn(() =>
        {
            using (client)
            {
                byte[] message = new byte[MessageSize];
                for (int i = 0; i < each; i++)
                {
                    client.Write(message);
                    client.ReadExactly(message);
                }
            }
        }))];
        foreach (GreenThread asker in askers)
            asker.Join();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double processor = (Environment.CpuUsage.TotalTime - processorAtStart).TotalSeconds;
        servers.Shutdown(TimeSpan.FromSeconds(10));
        clients.Shutdown(TimeSpan.FromSeconds(10));
        return (seconds, processor);
    }
}
