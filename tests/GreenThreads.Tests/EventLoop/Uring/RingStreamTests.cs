using System.Net.Sockets;

namespace GreenThreads.Tests;

/// <summary>Connections whose bytes a ring receives: what happens around the reads.</summary>
public sealed class RingStreamTests
{
    [IoUringFact]
    public void A_read_that_waits_is_received_by_the_ring_and_not_by_epoll() => Run(1, () =>
    {
        using var connection = new Connection();
        Exchange(connection, 1);
        Assert.True(connection.Server.Descriptor.Received is { IsArmed: true });
        Assert.Equal(0ul, connection.Server.Descriptor.Interest.Key);
        Exchange(connection, 2);
    });

    [IoUringFact]
    public void Reads_that_are_cancelled_or_time_out_lose_nothing_and_leave_the_order() => Run(2, () =>
    {
        const int Connections = 8;
        const int Bytes = 3000;
        GreenThread[] workers = [.. Enumerable.Range(0, Connections).Select(number => GreenThread.Spawn(() =>
        {
            var random = new Random(number);
            using var connection = new Connection();
            GreenThread writer = GreenThread.Spawn(() =>
            {
                var sizes = new Random(number + 100);
                for (int sent = 0; sent < Bytes;)
                {
                    byte[] message = new byte[Math.Min(sizes.Next(1, 20), Bytes - sent)];
                    for (int i = 0; i < message.Length; i++)
                        message[i] = (byte)sent++;
                    connection.Client.Write(message);
                    if (sizes.Next(3) == 0)
                        GreenThread.Yield();
                }
                connection.Client.Shutdown(SocketShutdown.Send);
            });
            int received = 0;
            int ended = 0;
            while (ended == 0)
            {
                if (random.Next(4) == 0)
                    connection.Server.ReadTimeout = 1;
                GreenThread reader = GreenThread.Spawn(() =>
                {
                    byte[] buffer = new byte[random.Next(1, 30)];
                    int count = connection.Server.Read(buffer);
                    for (int i = 0; i < count; i++)
                        Assert.Equal((byte)received++, buffer[i]);
                    if (count == 0)
                        ended = 1;
                });
                for (int i = random.Next(4); i > 0; i--)
                    GreenThread.Yield();
                if (random.Next(2) == 0)
                    reader.Cancel();
                try
                {
                    reader.Join();
                }
                catch (Exception exception) when (exception is GreenThreadCanceledException or IOException { InnerException: TimeoutException })
                {
                    // It has read nothing.
                }
                connection.Server.ReadTimeout = Timeout.Infinite;
            }
            writer.Join();
            Assert.Equal(Bytes, received);
        }))];
        foreach (GreenThread worker in workers)
            worker.Join();
    });

    [IoUringFact]
    public void Readers_of_all_kinds_share_what_the_ring_receives() => Run(1, () =>
    {
        using var connection = new Connection();
        Exchange(connection, 1);
        byte[] one = new byte[1];
        ValueTask<int> pending = connection.Server.ReadAsync(one);
        Assert.False(pending.IsCompleted);
        connection.Client.WriteByte(2);
        Assert.Equal(1, pending.AsTask().GetAwaiter().GetResult());
        Assert.Equal(2, one[0]);
        Task blocked = OsThreads.Start(() => Assert.Equal(3, connection.Server.ReadByte()));
        connection.Client.WriteByte(3);
        blocked.GetAwaiter().GetResult();
        Exchange(connection, 4);
    });

    [IoUringFact]
    public void A_dispose_ends_the_connection_for_the_peer_at_once() => Run(1, () =>
    {
        using var connection = new Connection();
        Exchange(connection, 1);
        GreenThread reader = GreenThread.Spawn(() => Assert.Throws<ObjectDisposedException>(() => connection.Server.ReadByte()));
        GreenThread.Yield();
        connection.Server.Dispose();
        reader.Join();
        Assert.Equal(-1, connection.Client.ReadByte());
    });

    [IoUringFact]
    public void A_dispose_with_something_unread_resets_the_connection() => Run(1, () =>
    {
        using var connection = new Connection();
        Exchange(connection, 1);
        connection.Client.WriteByte(2);
        while (connection.Server.Descriptor.Received!.ChunkCount == 0)
            GreenThread.Yield();
        connection.Server.Dispose();
        Assert.Equal(Errno.ECONNRESET, Assert.Throws<SystemCallException>(() => connection.Client.ReadByte()).Errno);
    });

    [IoUringFact]
    public void When_the_group_ends_its_connections_go_on_elsewhere_with_what_they_had_received()
    {
        Connection? connection = null;
        Run(2, () =>
        {
            connection = new Connection();
            Exchange(connection, 1);
            connection.Client.Write([2, 3]);
            while (connection.Server.Descriptor.Received!.ChunkCount == 0)
                GreenThread.Yield();
        });
        using (connection)
        {
            Assert.False(connection!.Server.Descriptor.Received!.IsArmed);
            Assert.Equal(2, connection.Server.ReadByte());
            connection.Client.WriteByte(4);
            Assert.Equal(3, connection.Server.ReadByte());
            Assert.Equal(4, connection.Server.ReadByte());
            Run(2, () => Exchange(connection, 5));
        }
    }

    [IoUringFact]
    public void Readers_go_on_while_the_owner_of_their_ring_is_stuck() => Run(2, () =>
    {
        using var connection = new Connection();
        Exchange(connection, 1);
        // Both schedulers: whichever has the ring is one of them. The monitor serves their descriptors, and a spare scheduler runs who is woken.
        using var end = new ManualResetEventSlim();
        GreenThread reader = GreenThread.Spawn(() =>
        {
            for (byte i = 0; i < 20; i++)
                Assert.Equal(i, connection.Server.ReadByte());
            end.Set();
        });
        while (!connection.Server.Descriptor.Interest.HasWaiters(WaitDirection.Read))
            GreenThread.Yield();
        Task writer = OsThreads.Start(() =>
        {
            for (byte i = 0; i < 20; i++)
            {
                connection.Client.WriteByte(i);
                Thread.Sleep(1);
            }
        });
        GreenThread[] stuck = [.. Enumerable.Range(0, 2).Select(_ => GreenThread.Spawn(() => Green.BlockOsThread(end)))];
        foreach (GreenThread thread in stuck)
            thread.Join();
        reader.Join();
        writer.GetAwaiter().GetResult();
    });

    [IoUringFact]
    public void A_socket_that_nobody_has_any_more_is_closed_although_the_ring_receives_for_it() => Run(1, () =>
    {
        using GreenTcpStream client = Forget();
        while (true)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            client.ReadTimeout = 10;
            try
            {
                Assert.Equal(-1, client.ReadByte());
                return;
            }
            catch (IOException exception) when (exception.InnerException is TimeoutException)
            {
                // Not yet.
            }
        }

        static GreenTcpStream Forget() => GreenThread.Spawn(() =>
        {
            var connection = new Connection();
            Exchange(connection, 1);
            return connection.Client;
        }).Result;
    });

    // The reader waits first, so that the ring receives.
    private static void Exchange(Connection connection, byte value)
    {
        GreenThread reader = GreenThread.Spawn(() => Assert.Equal(value, connection.Server.ReadByte()));
        while (!connection.Server.Descriptor.Interest.HasWaiters(WaitDirection.Read))
            GreenThread.Yield();
        connection.Client.WriteByte(value);
        reader.Join();
    }

    private static void Run(int schedulers, Action body)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = schedulers, EventLoopEngine = EventLoopEngine.IoUring });
        group.Spawn(body).Completion.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();
    }
}
