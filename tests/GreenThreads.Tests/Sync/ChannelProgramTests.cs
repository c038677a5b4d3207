using System.Threading.Channels;

namespace GreenThreads.Tests;

/// <summary>
/// Programs made of green threads and channels, after Go's test programs test/chan/{fifo,nonblock,perm,sieve1,sieve2}.go and runtime/chan_test.go: what they check,
/// written afresh.
/// </summary>
public sealed class ChannelProgramTests
{
    private static readonly int[] s_primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97];

    // fifo.go: a buffered channel, and a chain in which each link hands on a word only after it has seen its value.
    [Fact]
    public void A_buffer_and_a_chain_keep_the_order() => Green.RunAlone(() =>
    {
        const int count = 10;
        GreenChannel<int> buffered = GreenChannel.Bounded<int>(count);
        for (int i = 0; i < count; i++)
            buffered.Send(i);
        for (int i = 0; i < count; i++)
            Assert.Equal(i, buffered.Receive());

        GreenChannel<int> values = GreenChannel.Rendezvous<int>();
        GreenChannel<int> first = GreenChannel.Rendezvous<int>();
        GreenChannel<int> turn = first;
        var links = new List<GreenThread>();
        for (int i = 0; i < count; i++)
        {
            int expected = i;
            GreenChannel<int> mine = turn, next = GreenChannel.Rendezvous<int>();
            links.Add(GreenThread.Spawn(() =>
            {
                mine.Receive();
                Assert.Equal(expected, values.Receive());
                next.Send(1);
            }));
            turn = next;
        }
        first.Send(0);
        for (int i = 0; i < count; i++)
            values.Send(i);
        turn.Receive();
        links.ForEach(link => link.Join());
    });

    // nonblock.go: operations that do not wait, on channels of several types, with and without a buffer.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(10)]
    public void Operations_that_do_not_wait_see_who_waits(int capacity) => Green.Run(() =>
    {
        TryInBothDirections(capacity, 123);
        TryInBothDirections(capacity, 123L);
        TryInBothDirections(capacity, true);
        TryInBothDirections(capacity, "hello");
        TryInBothDirections(capacity, (1, "two", 3.0));
    });

    // perm.go, as far as it is not for the compiler: who was given one end can use only that; and misuse is an error.
    [Fact]
    public void Each_end_has_its_own_rights() => Green.Run(() =>
    {
        GreenChannel<int> channel = GreenChannel.Bounded<int>(1);
        ChannelWriter<int> writer = channel.AsWriter();
        ChannelReader<int> reader = channel.AsReader();
        writer.Send(1);
        Assert.False(writer.TryWrite(2));
        Assert.Equal(1, reader.Receive());
        Assert.False(reader.TryRead(out _));
        writer.Complete();
        Assert.Throws<ChannelClosedException>(() => writer.Complete());
        Assert.Throws<ChannelClosedException>(() => channel.Send(3));
        Assert.Throws<ChannelClosedException>(() => reader.Receive());
    });

    // sieve1.go: each prime filters the rest.
    [Fact]
    public void A_sieve_of_filters_finds_the_primes() => InGroup(() =>
    {
        GreenChannel<int> numbers = Generate(GreenChannel.Rendezvous<int>(), 2, step: 1);
        foreach (int expected in s_primes)
        {
            int prime = numbers.Receive();
            Assert.Equal(expected, prime);
            GreenChannel<int> all = numbers, rest = GreenChannel.Rendezvous<int>();
            GreenThread.Spawn(() =>
            {
                foreach (int number in all)
                {
                    if (number % prime != 0)
                        rest.Send(number);
                }
            });
            numbers = rest;
        }
    });

    // sieve2.go: the composites come as a merge of streams of multiples, each begun by the prime that the sieve has just found; what is left out is prime.
    [Fact]
    public void A_sieve_of_merged_multiples_finds_the_primes() => InGroup(() =>
    {
        GreenChannel<int> composites = GreenChannel.Rendezvous<int>();
        GreenChannel<int> primes = GreenChannel.Rendezvous<int>();
        GreenChannel<int> found = GreenChannel.Unbounded<int>();
        GreenThread.Spawn(() => MergeMultiples(found, composites));
        GreenThread.Spawn(() =>
        {
            found.Send(2);
            primes.Send(2);
            int candidate = 3;
            while (true)
            {
                int composite = composites.Receive();
                for (; candidate < composite; candidate++)
                {
                    found.Send(candidate);
                    primes.Send(candidate);
                }
                candidate = composite + 1;
            }
        });
        foreach (int expected in s_primes)
            Assert.Equal(expected, primes.Receive());
    });

    // chan_test.go, TestChan: the whole of it for each capacity.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(200)]
    public void Channels_of_every_capacity_behave(int capacity) => Green.Run(() =>
    {
        WaitsWhileEmpty(new GreenChannel<int>(capacity));
        WaitsWhileFull(new GreenChannel<int>(capacity));
        EndsForThoseWhoWait(new GreenChannel<int>(capacity));
        KeepsOrder(new GreenChannel<int>(capacity));
        SharesAmongReceivers(new GreenChannel<int>(capacity));
        Counts(new GreenChannel<int>(capacity));
    });

    // chan_test.go, TestChanSendInterface: values of several types behind one interface.
    [Fact]
    public void Values_behind_an_interface_arrive_whole() => Green.Run(() =>
    {
        GreenChannel<IFormattable> channel = GreenChannel.Bounded<IFormattable>(3);
        channel.Send(1);
        Assert.True(channel.TrySend(2.5));
        Assert.True(channel.TrySend(new DateOnly(2026, 1, 2)));
        Assert.Equal(1, channel.Receive());
        Assert.Equal(2.5, channel.Receive());
        Assert.Equal(new DateOnly(2026, 1, 2), channel.Receive());
        GreenChannel<(long, long, object)> large = GreenChannel.Rendezvous<(long, long, object)>();
        GreenThread sender = GreenThread.Spawn(() => large.Send((1, 2, channel)));
        Assert.Equal((1, 2, channel), large.Receive());
        sender.Join();
    });

    // chan_test.go, TestMultiConsumer: producers of known numbers, consumers who share them.
    [Fact]
    public void Many_consumers_share_the_work_of_a_producer() => Green.Run(() =>
    {
        const int workers = 23, items = 20_000;
        int[] values = [2, 3, 7, 11, 13, 17, 19, 23, 27, 31];
        GreenChannel<int> work = GreenChannel.Bounded<int>(workers * 3);
        GreenChannel<int> done = GreenChannel.Bounded<int>(workers * 3);
        GreenThread[] consumers =
        [
            .. Enumerable.Range(0, workers).Select(w => GreenThread.Spawn(() =>
            {
                foreach (int item in work)
                {
                    if (w == item % workers)
                        GreenThread.Yield(); // Mixes them up.
                    done.Send(item);
                }
            })),
        ];
        long expected = 0;
        for (int i = 0; i < items; i++)
            expected += values[i % values.Length];
        GreenThread producer = GreenThread.Spawn(() =>
        {
            for (int i = 0; i < items; i++)
                work.Send(values[i % values.Length]);
            work.Complete();
            foreach (GreenThread consumer in consumers)
                consumer.Join();
            done.Complete();
        });
        long sum = 0;
        int count = 0;
        foreach (int item in done)
        {
            sum += item;
            count++;
        }
        Assert.Equal(items, count);
        Assert.Equal(expected, sum);
        producer.Join();
    });

    private static void TryInBothDirections<T>(int capacity, T value)
    {
        var channel = new GreenChannel<T>(capacity);
        Assert.False(channel.TryReceive(out T? item));
        Assert.Equal(default, item);

        GreenThread receiver = GreenThread.Spawn(() => Assert.Equal(value, channel.Receive()));
        WaitUntil(() => channel.WaiterCount == 1);
        Assert.True(channel.TrySend(value));
        receiver.Join();
        Assert.False(channel.TryReceive(out _));

        GreenThread sender = GreenThread.Spawn(() =>
        {
            for (int i = 0; i <= capacity; i++)
                channel.Send(value);
        });
        WaitUntil(() => channel.WaiterCount == 1);
        Assert.False(channel.TrySend(value));
        for (int i = 0; i <= capacity; i++)
        {
            Assert.True(channel.TryReceive(out item));
            Assert.Equal(value, item);
        }
        sender.Join();
    }

    private static GreenChannel<int> Generate(GreenChannel<int> numbers, int first, int step)
    {
        GreenThread.Spawn(() =>
        {
            for (int number = first; ; number += step)
                numbers.Send(number);
        });
        return numbers;
    }

    private static void MergeMultiples(GreenChannel<int> primes, GreenChannel<int> composites)
    {
        // Streams of multiples by their next one. That of a prime begins with its square; the next prime is less than that, so it is known by then.
        var streams = new PriorityQueue<GreenChannel<int>, int>();
        int newest = Add();
        int last = 0;
        while (streams.TryDequeue(out GreenChannel<int>? stream, out int composite))
        {
            streams.Enqueue(stream, stream.Receive());
            if (composite == last)
                continue;
            last = composite;
            composites.Send(composite);
            if (composite == newest * newest)
                newest = Add();
        }

        int Add()
        {
            int prime = primes.Receive();
            GreenChannel<int> multiples = Generate(GreenChannel.Rendezvous<int>(), prime * prime, prime);
            streams.Enqueue(multiples, multiples.Receive());
            return prime;
        }
    }

    private static void WaitsWhileEmpty(GreenChannel<int> channel)
    {
        bool isReceived = false;
        GreenThread receiver = GreenThread.Spawn(() =>
        {
            Assert.Equal(5, channel.Receive());
            Volatile.Write(ref isReceived, true);
        });
        WaitUntil(() => channel.WaiterCount == 1);
        Assert.False(Volatile.Read(ref isReceived));
        channel.Send(5);
        receiver.Join();
    }

    private static void WaitsWhileFull(GreenChannel<int> channel)
    {
        for (int i = 0; i < channel.Capacity; i++)
            channel.Send(i);
        bool isSent = false;
        GreenThread sender = GreenThread.Spawn(() =>
        {
            channel.Send(channel.Capacity);
            Volatile.Write(ref isSent, true);
        });
        WaitUntil(() => channel.WaiterCount == 1);
        Assert.False(Volatile.Read(ref isSent));
        Assert.False(channel.TrySend(-1));
        for (int i = 0; i <= channel.Capacity; i++)
            Assert.Equal(i, channel.Receive());
        sender.Join();
    }

    private static void EndsForThoseWhoWait(GreenChannel<int> channel)
    {
        GreenThread[] receivers = [.. Enumerable.Range(0, 3).Select(_ => GreenThread.Spawn(() => Assert.Throws<ChannelClosedException>(() => channel.Receive())))];
        WaitUntil(() => channel.WaiterCount == receivers.Length);
        channel.Complete();
        foreach (GreenThread receiver in receivers)
            receiver.Join();
        Assert.False(channel.TryReceive(out _));
    }

    private static void KeepsOrder(GreenChannel<int> channel)
    {
        GreenThread sender = GreenThread.Spawn(() =>
        {
            for (int i = 0; i < 100; i++)
                channel.Send(i);
        });
        for (int i = 0; i < 100; i++)
            Assert.Equal(i, channel.Receive());
        sender.Join();
    }

    private static void SharesAmongReceivers(GreenChannel<int> channel)
    {
        const int parties = 4, each = 500;
        int[] received = new int[each];
        GreenThread[] threads =
        [
            .. Enumerable.Range(0, parties).Select(_ => GreenThread.Spawn(() =>
            {
                for (int i = 0; i < each; i++)
                    Interlocked.Increment(ref received[channel.Receive()]);
            })),
            .. Enumerable.Range(0, parties).Select(_ => GreenThread.Spawn(() =>
            {
                for (int i = 0; i < each; i++)
                    channel.Send(i);
            })),
        ];
        foreach (GreenThread thread in threads)
            thread.Join();
        Assert.All(received, count => Assert.Equal(parties, count));
    }

    private static void Counts(GreenChannel<int> channel)
    {
        int items = Math.Min(3, channel.Capacity);
        for (int i = 0; i < items; i++)
            channel.Send(i);
        Assert.Equal(items, channel.Count);
        for (int i = items; i > 0; i--)
        {
            Assert.Equal(i, channel.Count);
            channel.Receive();
        }
        Assert.Equal(0, channel.Count);
    }

    // These programs leave threads behind that wait for ever, as Go's do: the end of the group cancels them.
    private static void InGroup(Action body)
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Name = "program" });
        if (!group.Spawn(body).Join(TimeLimit.Generous))
            throw new TimeoutException("the program did not end");
    }

    private static void WaitUntil(Func<bool> condition)
    {
        Deadline limit = Deadline.After(TimeLimit.Generous);
        while (!condition())
        {
            if (limit.HasPassed)
                throw new TimeoutException("the condition never came");
            GreenThread.Yield();
        }
    }
}
