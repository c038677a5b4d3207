using System.Diagnostics;
using System.Net;

namespace GreenThreads.ServerBenchmarks;

/// <summary>What is sent over and over, so many at once, and how long each answer is.</summary>
internal sealed record Question(byte[] Request, int AnswerLength, int AtOnce = 1);

/// <summary>What came of a load. Times in milliseconds, of each question or each bundle of them.</summary>
internal sealed record LoadFigures(double RequestsPerSecond, double P50, double P99, double Longest);

// A closed loop: each connection asks its next question when it has the answer to the last. The same load for every server, in this process, so on a machine with few
// processors it takes its share from the server; the figures of the servers compare with each other, not with those of machines that are loaded from outside.
// All connections stand before the first question, and the first fifth of the time is not counted.
internal sealed class Load : IDisposable
{
    private const double WarmUpShare = 0.2;

    private readonly Question _question;
    private readonly GreenTcpStream[] _connections;
    private readonly byte[] _request;
    private long _countFrom = long.MaxValue;
    private volatile bool _isOver;

    internal Load(IPEndPoint server, Question question, int connections)
    {
        _question = question;
        _request = [.. Enumerable.Repeat(question.Request, question.AtOnce).SelectMany(static bytes => bytes)];
        _connections = new GreenTcpStream[connections];
        for (int i = 0; i < connections; i++)
            _connections[i] = GreenTcpStream.Connect(server);
    }

    public void Dispose()
    {
        foreach (GreenTcpStream connection in _connections)
            connection.Dispose();
    }

    internal LoadFigures Run(TimeSpan duration, Action? onBegin = null)
    {
        List<long>[] times = [.. _connections.Select(static _ => new List<long>())];
        GreenThread[] clients = [.. _connections.Select((connection, i) => GreenThread.Spawn(() => Ask(connection, times[i])))];
        GreenThread.Sleep(duration * WarmUpShare);
        onBegin?.Invoke();
        long from = Stopwatch.GetTimestamp();
        Volatile.Write(ref _countFrom, from);
        GreenThread.Sleep(duration);
        _isOver = true;
        double seconds = Stopwatch.GetElapsedTime(from).TotalSeconds;
        foreach (GreenThread client in clients)
            client.Join();
        long[] all = [.. times.SelectMany(static own => own)];
        if (all.Length == 0)
            throw new IOException("no question was answered");
        Array.Sort(all);
        return new LoadFigures(all.Length * (double)_question.AtOnce / seconds, Milliseconds(all[all.Length / 2]), Milliseconds(all[(int)(all.Length * 0.99)]), Milliseconds(all[^1]));
    }

    private static double Milliseconds(long ticks) => ticks * 1e3 / Stopwatch.Frequency;

    private void Ask(GreenTcpStream connection, List<long> times)
    {
        byte[] answer = new byte[_question.AnswerLength * _question.AtOnce];
        while (!_isOver)
        {
            long begin = Stopwatch.GetTimestamp();
            connection.Write(_request);
            connection.ReadExactly(answer);
            if (begin >= Volatile.Read(ref _countFrom) && !_isOver)
                times.Add(Stopwatch.GetTimestamp() - begin);
        }
    }
}
