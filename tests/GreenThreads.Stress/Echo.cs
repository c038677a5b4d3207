using System.Net;

namespace GreenThreads.Stress;

/// <summary>A server that sends back what it gets, and clients that compare. All run until they are cancelled or the listener is disposed of.</summary>
internal sealed class Echo : IDisposable
{
    private const int MessageSize = 64;

    private readonly GreenTcpListener _listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
    private volatile bool _isOver;
    private long _answers;

    internal long Answers => Volatile.Read(ref _answers);

    /// <summary>Starts the server and some clients in a group.</summary>
    /// <param name="group">Where they run.</param>
    /// <param name="clients">How many clients.</param>
    /// <param name="rest">How long a client waits between two questions.</param>
    /// <param name="spawned">Gets all that were spawned here.</param>
    internal void Start(SchedulerGroup group, int clients, TimeSpan rest, List<GreenThread> spawned)
    {
        spawned.Add(group.Spawn(Serve));
        for (int i = 0; i < clients; i++)
        {
            byte mark = (byte)i;
            spawned.Add(group.Spawn(() => Ask(mark, rest)));
        }
    }

    /// <summary>Clients end after their next answer.</summary>
    internal void Stop() => _isOver = true;

    public void Dispose() => _listener.Dispose();

    private void Serve()
    {
        using (_listener)
        {
            try
            {
                while (true)
                {
                    GreenTcpStream stream = _listener.Accept();
                    try
                    {
                        GreenThread.Spawn(() => SendBack(stream));
                    }
                    catch
                    {
                        stream.Dispose(); // The group refuses.
                        throw;
                    }
                }
            }
            catch (ObjectDisposedException)
            {
            }
        }
    }

    private static void SendBack(GreenTcpStream stream)
    {
        using (stream)
        {
            Span<byte> message = stackalloc byte[MessageSize];
            while (stream.Read(message) is > 0 and int count)
                stream.Write(message[..count]);
        }
    }

    private void Ask(byte mark, TimeSpan rest)
    {
        using GreenTcpStream stream = GreenTcpStream.Connect(_listener.LocalEndPoint);
        Span<byte> question = stackalloc byte[MessageSize];
        Span<byte> answer = stackalloc byte[MessageSize];
        while (!_isOver)
        {
            question.Fill(++mark);
            stream.Write(question);
            stream.ReadExactly(answer);
            Check.That(answer.SequenceEqual(question), "an answer over a socket");
            Interlocked.Increment(ref _answers);
            GreenThread.Sleep(rest);
        }
    }
}
