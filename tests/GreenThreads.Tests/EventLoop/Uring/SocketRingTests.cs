namespace GreenThreads.Tests;

/// <summary>A ring by itself, whose owner is the test's thread.</summary>
public sealed class SocketRingTests : IDisposable
{
    private readonly FileDescriptor _epoll = FileDescriptor.From("epoll_create1", Interop.epoll_create1(Interop.EPOLL_CLOEXEC));
    private readonly List<WaitNode> _ready = [];
    private readonly List<End> _ends = [];
    private SocketRing? _ring;

    /// <summary>A socket that the ring receives for, and its peer.</summary>
    private sealed class End
    {
        internal SocketPair Pair { get; } = new();

        internal ReceiveQueue Queue => field ??= new ReceiveQueue(Pair.One.Interest);
    }

    public void Dispose()
    {
        foreach (End end in _ends)
        {
            end.Queue.Close(out _);
            end.Pair.Dispose();
        }
        _ring?.Dispose(_ready);
        _epoll.Dispose();
    }

    [IoUringFact]
    public void Bytes_that_come_after_one_receive_was_submitted_arrive_in_order()
    {
        SocketRing ring = Create();
        End end = Arm(ring);
        for (byte i = 0; i < 100; i++)
        {
            Send(end, i);
            Poll(ring);
            Assert.Equal([i], Read(end));
            Assert.True(end.Queue.IsArmed);
        }
        Assert.Equal(1, ring.OperationCount);
    }

    [IoUringFact]
    public void More_receives_than_the_queue_of_submissions_holds_are_all_submitted()
    {
        SocketRing ring = Create(buffers: 64, submissions: 8, completions: 128);
        End[] ends = [.. Enumerable.Range(0, 60).Select(_ => Arm(ring))];
        Poll(ring);
        for (int i = 0; i < ends.Length; i++)
            Send(ends[i], (byte)i);
        Poll(ring);
        for (int i = 0; i < ends.Length; i++)
            Assert.Equal([(byte)i], Read(ends[i]));
    }

    [IoUringFact]
    public void More_completions_than_there_is_room_for_lose_nothing()
    {
        SocketRing ring = Create(buffers: 64, submissions: 8, completions: 16);
        End[] ends = [.. Enumerable.Range(0, 60).Select(_ => Arm(ring))];
        Poll(ring);
        for (int i = 0; i < ends.Length; i++)
            Send(ends[i], (byte)i);
        for (int round = 0; round < 10; round++)
            Poll(ring);
        for (int i = 0; i < ends.Length; i++)
            Assert.Equal([(byte)i], Read(ends[i]));
    }

    [IoUringFact]
    public void Without_a_buffer_left_a_receive_ends_and_its_reader_receives_by_itself()
    {
        SocketRing ring = Create(buffers: 2, mostBuffers: 2);
        End[] ends = [.. Enumerable.Range(0, 5).Select(_ => Arm(ring))];
        Poll(ring);
        for (byte i = 0; i < ends.Length; i++)
            Send(ends[i], i);
        Poll(ring);
        Assert.Equal(2, ends.Count(end => end.Queue.ChunkCount == 1));
        Assert.Equal(3, ends.Count(end => !end.Queue.IsArmed));
        for (byte i = 0; i < ends.Length; i++)
            Assert.Equal([i], Read(ends[i]));
        // The buffers are back.
        Array.ForEach(ends, end => Assert.True(ring.TryArm(end.Queue, end.Pair.One)));
        Poll(ring);
        Send(ends[4], 9);
        Send(ends[3], 8);
        Poll(ring);
        Assert.Equal((1, 1), (ends[4].Queue.ChunkCount, ends[3].Queue.ChunkCount));
        Assert.Equal([9], Read(ends[4]));
        Assert.Equal([8], Read(ends[3]));
    }

    [IoUringFact]
    public void When_buffers_have_not_sufficed_there_are_more_for_the_next()
    {
        SocketRing ring = Create(buffers: 2, mostBuffers: 8);
        End[] ends = [.. Enumerable.Range(0, 3).Select(_ => Arm(ring))];
        Poll(ring);
        for (byte i = 0; i < ends.Length; i++)
            Send(ends[i], i);
        Poll(ring);
        End[] more = [.. Enumerable.Range(0, 4).Select(_ => Arm(ring))];
        Poll(ring);
        for (byte i = 0; i < more.Length; i++)
            Send(more[i], i);
        Poll(ring);
        Assert.All(more, end => Assert.Equal(1, end.Queue.ChunkCount));
        for (byte i = 0; i < ends.Length; i++)
            Assert.Equal([i], Read(ends[i]));
        for (byte i = 0; i < more.Length; i++)
            Assert.Equal([i], Read(more[i]));
    }

    [IoUringFact]
    public void Who_does_not_read_makes_the_receive_stop_and_loses_nothing()
    {
        SocketRing ring = Create();
        End end = Arm(ring);
        byte[] message = new byte[BufferRing.DefaultSize];
        int sent = 0;
        for (int i = 0; i < 400; i++)
        {
            message.AsSpan().Fill((byte)i);
            if (!TrySend(end, message))
                break;
            sent++;
            Poll(ring);
        }
        Assert.False(end.Queue.IsArmed);
        Assert.InRange(sent, 1, 399); // The socket is full, and the queue takes no more.
        Assert.InRange(end.Queue.ChunkCount, 1, 64);
        for (int i = 0; i < sent; i++)
        {
            byte[] received = new byte[message.Length];
            ReadExactly(end, received);
            Assert.All(received, value => Assert.Equal((byte)i, value));
        }
    }

    [IoUringFact]
    public void What_lies_in_the_socket_of_a_stuck_owner_is_rescued_in_order()
    {
        SocketRing ring = Create();
        End end = Arm(ring);
        Send(end, 1);
        Poll(ring);
        WithReader(end, () =>
        {
            Send(end, 2);
            // This thread is the owner, and stuck in here: another one does it.
            Elsewhere(() => ring.Rescue(_ready));
        });
        Assert.Equal([1, 2], Read(end));
        Send(end, 3);
        Poll(ring);
        Assert.Equal([3], Read(end));
        Assert.True(end.Queue.IsArmed);
    }

    [IoUringFact]
    public void A_receive_that_was_not_handed_over_yet_is_rescued_too()
    {
        SocketRing ring = Create();
        Poll(ring);
        End end = Arm(ring);
        Send(end, 7);
        WithReader(end, () => Elsewhere(() => ring.Rescue(_ready)));
        Assert.Equal([7], Read(end));
        Poll(ring);
        Send(end, 8);
        Poll(ring);
        Assert.Equal([8], Read(end));
    }

    [IoUringFact]
    public void A_socket_that_is_closed_before_its_receive_was_handed_over_keeps_its_number_until_then()
    {
        SocketRing ring = Create();
        End end = Arm(ring);
        SocketDescriptor socket = end.Pair.One;
        int number = (int)socket.DangerousGetHandle();
        socket.Dispose();
        Assert.True(EventLoop.IsReady(number, WaitDirection.Write)); // It throws for a number that is not open.
        Assert.True(end.Queue.Close(out _));
        end.Pair.Two.Dispose();
        Poll(ring);
        Poll(ring);
        Assert.Equal(0, ring.OperationCount);
    }

    [IoUringFact]
    public void When_the_ring_goes_away_receives_end_and_what_was_received_stays()
    {
        SocketRing ring = Create();
        End one = Arm(ring);
        End two = Arm(ring);
        Send(one, 1, 2);
        Poll(ring);
        ring.Dispose(_ready);
        Assert.False(one.Queue.IsArmed || two.Queue.IsArmed);
        Assert.False(ring.TryArm(two.Queue, two.Pair.One));
        Assert.Equal([1, 2], Read(one));
        Send(two, 3);
        Assert.Equal([3], Read(two));
    }

    [IoUringFact]
    public void An_end_and_an_error_come_after_the_bytes()
    {
        SocketRing ring = Create();
        End end = Arm(ring);
        Send(end, 1);
        end.Pair.Two.Dispose();
        Poll(ring);
        Assert.Equal([1], Read(end));
        Assert.False(end.Queue.IsArmed);
        Assert.Empty(Read(end));
    }

    private SocketRing Create(int buffers = 256, int mostBuffers = 4096, int submissions = 256, int completions = 4096) =>
        _ring = new SocketRing((int)_epoll.DangerousGetHandle(), buffers, mostBuffers, submissions, completions);

    private End Arm(SocketRing ring)
    {
        var end = new End();
        _ends.Add(end);
        Assert.True(ring.TryArm(end.Queue, end.Pair.One));
        return end;
    }

    private void Poll(SocketRing ring) => ring.Poll(Deadline.At(0), _ready);

    private static void Send(End end, params byte[] bytes) => Assert.True(TrySend(end, bytes));

    private static unsafe bool TrySend(End end, byte[] bytes)
    {
        fixed (byte* start = bytes)
            return Interop.send(end.Pair.Two, start, (nuint)bytes.Length, Interop.MSG_NOSIGNAL) == bytes.Length;
    }

    private static byte[] Read(End end)
    {
        byte[] buffer = new byte[100];
        return buffer[..ReadOnce(end, buffer)];
    }

    private static void ReadExactly(End end, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
            buffer = buffer[ReadOnce(end, buffer)..];
    }

    // As SocketDescriptor does.
    private static unsafe int ReadOnce(End end, Span<byte> buffer)
    {
        ReceiveOutcome outcome = end.Queue.TryTake(buffer, out int count);
        Assert.NotEqual(ReceiveOutcome.Nothing, outcome);
        if (outcome == ReceiveOutcome.Taken)
            return count;
        fixed (byte* start = buffer)
        {
            nint received = Interop.recv(end.Pair.One, start, (nuint)buffer.Length, 0);
            end.Queue.EndDirect();
            Assert.InRange(received, 0, buffer.Length);
            return (int)received;
        }
    }

    // Somebody waits for the queue meanwhile.
    private void WithReader(End end, Action body)
    {
        Interest interest = end.Pair.One.Interest;
        int seen = interest.EdgesOf(WaitDirection.Read);
        Task reader = OsThreads.Start(() => interest.Wait(WaitDirection.Read, seen, Waiter.Current, Deadline.After(TimeLimit.Generous), comesByRing: true));
        Assert.True(SpinWait.SpinUntil(() => interest.HasWaiters(WaitDirection.Read), TimeLimit.Generous));
        body();
        Assert.Single(_ready).Wake();
        _ready.Clear();
        reader.WaitAsync(TimeLimit.Generous).GetAwaiter().GetResult();
    }

    private static void Elsewhere(Action body)
    {
        var thread = new Thread(() => body());
        thread.Start();
        thread.Join();
    }
}
