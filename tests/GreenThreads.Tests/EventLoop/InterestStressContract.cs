using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace GreenThreads.Tests;

/// <summary>
/// Many waiters, edges, timeouts, cancellations and closes at once. Bytes are counted, so a lost wake-up is a hang, and the limit on it names the
/// seed; a descriptor mixed up with another is a wrong byte.
/// </summary>
public abstract class InterestStressContract : ThreadContract
{
    private static readonly TimeSpan s_duration = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData(20261121)]
    [InlineData(7)]
    public void Every_byte_that_is_written_is_read_by_one_of_many_readers(int seed) => RunSeed(seed, () =>
    {
        const int Connections = 3;
        const int Readers = 3;
        Deadline end = Deadline.After(s_duration);
        long[] written = new long[Connections];
        long[] read = new long[Connections];
        var tasks = new List<Task>();
        for (int c = 0; c < Connections; c++)
        {
            int index = c;
            var connection = new Connection();
            // Small buffers, so that writers wait too. 7 and 8 are SO_SNDBUF and SO_RCVBUF.
            connection.Client.Descriptor.SetOption(Interop.SOL_SOCKET, 7, 4096);
            connection.Server.Descriptor.SetOption(Interop.SOL_SOCKET, 8, 4096);
            tasks.Add(Start(() => WriteUntil(end, connection.Client, new Random(seed + index), ref written[index])));
            for (int r = 0; r < Readers; r++)
            {
                int reader = r;
                tasks.Add(Start(() => ReadToTheEnd(connection.Server, new Random(seed + 100 * index + reader), ref read[index])));
            }
        }
        Join([.. tasks]);
        Assert.Equal(written, read);
    });

    [Theory]
    [InlineData(20261121)]
    public void Connections_that_are_closed_at_random_never_see_each_others_bytes(int seed) => RunSeed(seed, () =>
    {
        Deadline end = Deadline.After(s_duration);
        using GreenTcpListener listener = GreenTcpListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        Task[] tasks = [.. Enumerable.Range(0, 4).Select(i => Start(() =>
        {
            var random = new Random(seed + i);
            while (!end.HasPassed)
                OpenUseAndClose(listener, random);
        }))];
        Join(tasks);
    });

    private void OpenUseAndClose(GreenTcpListener listener, Random random)
    {
        // Whose connection one accepts is not said: the first byte is its mark, and all others must be the same.
        using GreenTcpStream client = GreenTcpStream.Connect(listener.LocalEndPoint);
        byte mark = (byte)random.Next(256);
        client.WriteByte(mark);
        using GreenTcpStream server = listener.Accept();
        Task reader = Start(() => UseUntilTheEnd(server, ReadMarks));
        Task writer = Start(() => UseUntilTheEnd(client, stream =>
        {
            byte[] marks = Enumerable.Repeat(mark, 5000).ToArray();
            while (true)
                stream.Write(marks);
        }));
        for (int i = random.Next(50); i > 0; i--)
            Yield();
        if (random.Next(2) == 0)
            server.Dispose();
        client.Dispose();
        Join(writer);
        server.Dispose();
        Join(reader);
    }

    private static void ReadMarks(GreenTcpStream stream)
    {
        byte[] buffer = new byte[3000];
        int mark = stream.ReadByte();
        for (int count = stream.Read(buffer); count > 0; count = stream.Read(buffer))
            Assert.True(buffer.AsSpan(0, count).IndexOfAnyExcept((byte)mark) < 0, "a byte of another connection");
    }

    private static void UseUntilTheEnd(GreenTcpStream stream, Action<GreenTcpStream> use)
    {
        try
        {
            use(stream);
        }
        catch (ObjectDisposedException)
        {
        }
        catch (SystemCallException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
        }
    }

    private void WriteUntil(Deadline end, GreenTcpStream stream, Random random, ref long written)
    {
        byte[] buffer = new byte[20_000];
        while (!end.HasPassed)
        {
            int count = random.Next(1, random.Next(4) == 0 ? buffer.Length : 10);
            if (random.Next(3) == 0)
            {
                Task write = stream.WriteAsync(buffer.AsMemory(0, count)).AsTask();
                Join(write);
            }
            else
            {
                stream.Write(buffer, 0, count);
            }
            written += count;
            if (random.Next(8) == 0)
                Yield();
        }
        stream.Shutdown(SocketShutdown.Send);
    }

    private void ReadToTheEnd(GreenTcpStream stream, Random random, ref long read)
    {
        byte[] buffer = new byte[4096];
        while (true)
        {
            int count = random.Next(8) switch
            {
                0 => ReadAsync(stream, buffer, random),
                1 => WaitAndRead(stream, buffer),
                _ => stream.Read(buffer.AsSpan(0, random.Next(1, buffer.Length))),
            };
            if (count == 0)
                return;
            if (count > 0)
                Interlocked.Add(ref read, count);
        }
    }

    /// <summary>Returns -1 when cancelled: nothing has been read then.</summary>
    private int ReadAsync(GreenTcpStream stream, byte[] buffer, Random random)
    {
        using var cancellation = new CancellationTokenSource();
        Task<int> read = stream.ReadAsync(buffer, cancellation.Token).AsTask();
        if (random.Next(2) == 0)
            cancellation.Cancel();
        WaitUntil(() => read.IsCompleted);
        return read.IsCanceled ? -1 : read.GetAwaiter().GetResult();
    }

    private static int WaitAndRead(GreenTcpStream stream, byte[] buffer) =>
        EventLoop.WaitReadable(stream.Descriptor, TimeSpan.FromMilliseconds(1)) ? stream.Read(buffer) : -1;

    private void RunSeed(int seed, Action body)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            Run(body);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"seed {seed}: a wake-up was lost; nothing moved after {Stopwatch.GetElapsedTime(start)}", e);
        }
    }
}
