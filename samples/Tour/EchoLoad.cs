using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace GreenThreads.Tour;

// The second process: a green thread for each connection, which sends a message, waits for its echo, compares it and does so again at once. It is
// a closed loop: with n connections the time of a request is about n divided by the requests per second, so p50 tells of the queue as much as of
// the server. All connections stand before the first request is sent, and the first part of the time is not counted (just-in-time compilation).
internal sealed class EchoLoad
{
    private const int MessageSize = 64;
    private const double WarmUpShare = 0.2;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly IPEndPoint _server;
    private readonly Client[] _clients;
    private readonly CountdownEvent _connected;
    private long _countFrom = long.MaxValue;
    private volatile bool _isOver;

    private EchoLoad(int port, int connections)
    {
        _server = new IPEndPoint(IPAddress.Loopback, port);
        _connected = new CountdownEvent(connections);
        _clients = new Client[connections];
        for (int i = 0; i < connections; i++)
            _clients[i] = new Client(this, i);
    }

    /// <summary>Loads the server and prints the figures as one line of JSON.</summary>
    internal static int Run(LoadOptions options, CancellationToken stop)
    {
        var load = new EchoLoad(options.Port, options.Connections);
        Console.WriteLine(JsonSerializer.Serialize(load.Measure(TimeSpan.FromSeconds(options.Seconds), stop)));
        return 0;
    }

    private LoadFigures Measure(TimeSpan duration, CancellationToken stop)
    {
        foreach (Client client in _clients)
            client.Thread = GreenThread.Spawn(client.Run);
        // Bound: should a connect fail, its green thread has counted down too, and its Join tells.
        if (!_connected.Wait(s_patience, stop))
            throw new TourException($"{_connected.CurrentCount} of {_clients.Length} connections did not stand within {s_patience.TotalSeconds} s");
        foreach (Client client in _clients)
            client.Thread!.Unpark();

        TimeSpan warmUp = duration * WarmUpShare;
        Pause(warmUp, stop);
        long from = Stopwatch.GetTimestamp();
        Volatile.Write(ref _countFrom, from);
        Pause(duration, stop);
        _isOver = true;
        long to = Stopwatch.GetTimestamp();

        foreach (Client client in _clients)
        {
            if (!client.Thread!.Join(s_patience))
                throw new TourException($"connection {client.Number} got no echo within {s_patience.TotalSeconds} s");
        }
        long[] times = [.. _clients.SelectMany(client => client.Times)];
        if (times.Length == 0)
            throw new TourException("no request was answered");
        Array.Sort(times);
        return new LoadFigures(times.Length, Stopwatch.GetElapsedTime(from, to).TotalSeconds, Percentile(times, 0.50), Percentile(times, 0.99));
    }

    private static void Pause(TimeSpan duration, CancellationToken stop)
    {
        stop.WaitHandle.WaitOne(duration);
        stop.ThrowIfCancellationRequested();
    }

    /// <summary>In microseconds, nearest rank.</summary>
    private static double Percentile(long[] sorted, double share)
    {
        long ticks = sorted[Math.Max(0, (int)Math.Ceiling(sorted.Length * share) - 1)];
        return ticks * 1e6 / Stopwatch.Frequency;
    }

    private sealed class Client(EchoLoad load, int number)
    {
        internal int Number => number;

        internal GreenThread? Thread { get; set; }

        /// <summary>Times of the requests that count. To be read after the end.</summary>
        internal List<long> Times { get; } = [];

        internal void Run()
        {
            GreenTcpStream connection;
            try
            {
                connection = GreenTcpStream.Connect(load._server);
            }
            finally
            {
                load._connected.Signal();
            }
            using (connection)
            {
                GreenThread.Park();
                Ask(connection);
            }
        }

        private void Ask(GreenTcpStream connection)
        {
            byte[] message = new byte[MessageSize];
            byte[] echo = new byte[MessageSize];
            for (int i = 0; !load._isOver; i++)
            {
                BitConverter.TryWriteBytes(message, number);
                BitConverter.TryWriteBytes(message.AsSpan(sizeof(int)), i);
                long begin = Stopwatch.GetTimestamp();
                connection.Write(message);
                connection.ReadExactly(echo);
                long end = Stopwatch.GetTimestamp();
                if (!echo.AsSpan().SequenceEqual(message))
                    throw new TourException($"connection {number}: the echo of request {i} is not what was sent");
                if (begin >= Volatile.Read(ref load._countFrom) && !load._isOver)
                    Times.Add(end - begin);
            }
        }
    }
}

/// <summary>What the second process reports.</summary>
internal sealed record LoadFigures(long Requests, double Seconds, double P50Microseconds, double P99Microseconds);
