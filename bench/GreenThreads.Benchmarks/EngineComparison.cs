using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;

namespace GreenThreads.Benchmarks;

// Which engine of the event loop is quicker for connections, io_uring or epoll?
// Measured: 64 bytes there and back over loopback, on 1, 50 and 1,000 connections at once; clients and servers in this process, in two groups of the same engine.
// The processor time is that of the whole process, client and server. Both engines take turns, so that what else the machine does concerns both; the middle of the rounds is told.
// Left out: connecting, and the network.
//
// And for files? 4 KB at random places of a file of 256 MB by 32 green threads at once: in the page cache, where both engines do the same, and not there, where epoll's
// has a pool of OS threads read (BlockingWork). Before each round the file is dropped from the page cache, as far as the kernel obeys; each place is read once.
internal static partial class EngineComparison
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
        CompareFiles(engines, rounds);
        return 0;
    }

    private static void CompareFiles(EventLoopEngine[] engines, int rounds)
    {
        const int Size = 256 << 20;
        string path = Path.Combine(AppContext.BaseDirectory, "engines.bin"); // Not in /tmp, which may be memory.
        try
        {
            byte[] piece = new byte[1 << 20];
            Random.Shared.NextBytes(piece);
            using (FileStream file = File.Create(path))
            {
                for (int i = 0; i < Size / piece.Length; i++)
                    file.Write(piece);
                file.Flush(flushToDisk: true);
            }
            Console.WriteLine("read of 4 KB  engine      us/read  ratio        CPU us/read  ratio");
            foreach (bool isCached in new[] { true, false })
            {
                int reads = isCached ? 65_536 : 8_192;
                var times = engines.ToDictionary(engine => engine, _ => new List<(double, double)>());
                for (int round = 0; round <= rounds; round++)
                {
                    foreach (EventLoopEngine engine in engines)
                    {
                        (double, double) time = ReadFile(engine, path, Size / 4096, reads, isCached);
                        if (round > 0)
                            times[engine].Add(time);
                    }
                }
                (double first, double firstProcessor) = Middle(times[engines[0]]);
                foreach (EventLoopEngine engine in engines)
                {
                    (double seconds, double processor) = Middle(times[engine]);
                    Console.WriteLine($"{(isCached ? "cached" : "not cached"),12}  {engine,-7}  {seconds / reads * 1e6,9:F2}  {seconds / first,5:F2}"
                        + $"  {processor / reads * 1e6,17:F2}  {processor / firstProcessor,5:F2}");
                }
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static (double, double) ReadFile(EventLoopEngine engine, string path, int blocks, int reads, bool isCached)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "files", EventLoopEngine = engine, Schedulers = 1 });
        return group.Spawn(() =>
        {
            const int Readers = 32;
            const int POSIX_FADV_RANDOM = 1;
            const int POSIX_FADV_DONTNEED = 4;
            using GreenFile file = GreenFile.OpenRead(path);
            if (isCached)
                file.CopyTo(Stream.Null);
            else
                _ = posix_fadvise(file.Handle, 0, 0, POSIX_FADV_DONTNEED);
            _ = posix_fadvise(file.Handle, 0, 0, POSIX_FADV_RANDOM); // No reading ahead.
            int[] order = new int[blocks];
            for (int i = 0; i < blocks; i++)
                order[i] = i;
            new Random(1).Shuffle(order);
            int next = -1;
            long start = Stopwatch.GetTimestamp();
            TimeSpan processorAtStart = Environment.CpuUsage.TotalTime;
            GreenThread[] readers = [.. Enumerable.Range(0, Readers).Select(_ => GreenThread.Spawn(() =>
            {
                byte[] buffer = new byte[4096];
                while (Interlocked.Increment(ref next) is var i && i < reads)
                    file.ReadAt(buffer, order[i % blocks] * 4096L);
            }))];
            foreach (GreenThread reader in readers)
                reader.Join();
            return (Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - processorAtStart).TotalSeconds);
        }).Result;
    }

    [LibraryImport("libc")]
    private static partial int posix_fadvise(SafeHandle fd, long offset, long len, int advice);

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
