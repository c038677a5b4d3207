using System.Diagnostics;
using System.Threading.Channels;

namespace GreenThreads.Tests;

/// <summary>
/// Many senders and receivers of every kind on one channel, with timeouts, tokens and cancellations at any moment. Each knows exactly what it has sent and received:
/// everything that was sent must be received once, and in the order of its sender. A lost wake-up is a hang, and the limit on it names the seed.
/// </summary>
public sealed class ChannelStressTests
{
    private const int Senders = 10;

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 2)]
    [InlineData(1, 3)]
    [InlineData(5, 4)]
    [InlineData(int.MaxValue, 5)]
    public void Nothing_is_lost_or_doubled_or_overtaken(int capacity, int seed) => new Crowd(capacity, seed).Run(isCompletedEarly: false);

    [Theory]
    [InlineData(0, 6)]
    [InlineData(3, 7)]
    [InlineData(int.MaxValue, 8)]
    public void A_completion_in_the_middle_loses_nothing_that_was_sent(int capacity, int seed)
    {
        for (int i = 0; i < 2; i++)
            new Crowd(capacity, seed + 100 * i).Run(isCompletedEarly: true);
    }

    private readonly record struct Item(int Sender, long Number);

    private sealed class Crowd(int capacity, int seed)
    {
        private readonly GreenChannel<Item> _channel = new(capacity);
        private readonly long[] _sent = new long[Senders];
        private readonly List<Receiver> _receivers = [];
        private long _end;
        private long _total;

        // On a machine that is busy with something else the time may be over before anybody has begun.
        private bool IsTimeOver => Stopwatch.GetTimestamp() >= _end && (_channel.IsCompleted || Volatile.Read(ref _total) >= Senders);

        internal void Run(bool isCompletedEarly)
        {
            _end = Stopwatch.GetTimestamp() + Stopwatch.Frequency / 4;
            var senders = new List<Task>();
            var receivers = new List<Task>();
            for (int i = 0; i < Senders; i++)
            {
                int sender = i;
                var random = new Random(seed * 1000 + i);
                senders.Add((i % 5) switch
                {
                    0 => OsThreads.Start(() => SendUntilOver(sender, random)),
                    1 => Task.Run(() => SendAsync(sender, random)),
                    2 => GreenThreadsOfTests.Start(() => RunVictims(random, own => SendUntilOver(sender, own))),
                    _ => GreenThreadsOfTests.Start(() => SendUntilOver(sender, random)),
                });
                var receiver = new Receiver();
                _receivers.Add(receiver);
                random = new Random(seed * 1000 + 500 + i);
                receivers.Add((i % 5) switch
                {
                    0 => OsThreads.Start(() => ReceiveUntilEnd(receiver, random)),
                    1 => Task.Run(() => ReceiveAsync(receiver, random)),
                    2 => GreenThreadsOfTests.Start(() => RunVictims(random, own => ReceiveUntilEnd(receiver, own))),
                    _ => GreenThreadsOfTests.Start(() => ReceiveUntilEnd(receiver, random)),
                });
            }
            if (isCompletedEarly)
                Task.Delay(TimeSpan.FromMilliseconds(new Random(seed).Next(80))).ContinueWith(_ => _channel.Complete(), TaskScheduler.Default);
            Wait(senders, "senders");
            _channel.TryComplete();
            Wait(receivers, "receivers");
            Assert.True(_channel.Completion.Wait(TimeLimit.Generous), $"the channel does not end with seed {seed}");
            Assert.Equal(0, _channel.WaiterCount);
            Check();
        }

        private void Check()
        {
            for (int i = 0; i < Senders; i++)
            {
                long count = _sent[i];
                Assert.Equal(count, _receivers.Sum(receiver => receiver.Count[i]));
                Assert.Equal(count * (count - 1) / 2, _receivers.Sum(receiver => receiver.Sum[i]));
            }
        }

        private void Wait(List<Task> tasks, string who)
        {
            if (!Task.WhenAll(tasks).Wait(TimeLimit.Generous))
            {
                throw new TimeoutException($"{tasks.Count(task => !task.IsCompleted)} {who} hang with seed {seed} ({string.Join(' ', tasks.Select(static task => task.Status))}); "
                    + $"{_channel.WaiterCount} wait, {_channel.Count} items, {_total} sent; {ThreadPool.ThreadCount} pool threads, {ThreadPool.PendingWorkItemCount} pending"
                    + HangReport.Of("ChannelStressTests"));
            }
        }

        private void Count(int sender)
        {
            _sent[sender]++;
            Interlocked.Increment(ref _total);
        }

        private void SendUntilOver(int sender, Random random)
        {
            while (!IsTimeOver)
            {
                if (_channel.IsCompleted || _channel.Count > 10_000)
                {
                    GreenThread.Yield();
                    continue;
                }
                var item = new Item(sender, _sent[sender]);
                try
                {
                    bool isSent = random.Next(6) switch
                    {
                        0 => _channel.TrySend(item),
                        1 => _channel.TrySend(item, SyncCrowd.Timeout(random)),
                        2 => SyncCrowd.TryWithToken(random, token => _channel.Send(item, token)),
                        3 => TrySendWithBoth(item, random),
                        _ => Send(item),
                    };
                    if (isSent)
                        Count(sender);
                }
                catch (ChannelClosedException)
                {
                    // Not sent.
                }
                SyncCrowd.Pause(random);
            }
        }

        private bool Send(Item item)
        {
            _channel.Send(item);
            return true;
        }

        private bool TrySendWithBoth(Item item, Random random)
        {
            bool isSent = false;
            TimeSpan timeout = SyncCrowd.Timeout(random);
            return SyncCrowd.TryWithToken(random, token => isSent = _channel.TrySend(item, timeout, token)) && isSent;
        }

        private void ReceiveUntilEnd(Receiver receiver, Random random)
        {
            while (true)
            {
                Item item = default;
                bool isReceived = false;
                switch (random.Next(5))
                {
                    case 0:
                        isReceived = _channel.TryReceive(out item);
                        break;
                    case 1:
                        isReceived = _channel.TryReceive(out item, SyncCrowd.Timeout(random));
                        break;
                    case 2:
                        TimeSpan timeout = SyncCrowd.Timeout(random);
                        isReceived = SyncCrowd.TryWithToken(random, token => isReceived = _channel.TryReceive(out item, timeout, token)) && isReceived;
                        break;
                    default:
                        if (!(isReceived = _channel.TryReceive(out item, Timeout.InfiniteTimeSpan)))
                            return;
                        break;
                }
                if (isReceived)
                    receiver.Add(item);
                SyncCrowd.Pause(random);
            }
        }

        private async Task SendAsync(int sender, Random random)
        {
            ChannelWriter<Item> writer = _channel.AsWriter();
            while (!IsTimeOver)
            {
                var item = new Item(sender, _sent[sender]);
                using var cancellation = new CancellationTokenSource();
                try
                {
                    if (_channel.Count > 10_000)
                    {
                        await Task.Yield();
                        continue;
                    }
                    if (random.Next(3) == 0)
                    {
                        cancellation.CancelAfter(random.Next(2));
                        if (capacity == 0 || !await writer.WaitToWriteAsync(cancellation.Token) || !writer.TryWrite(item))
                            continue;
                    }
                    else
                    {
                        ValueTask write = writer.WriteAsync(item, cancellation.Token);
                        if (random.Next(2) == 0)
                            cancellation.Cancel();
                        await write;
                    }
                    Count(sender);
                }
                catch (OperationCanceledException)
                {
                    // Not sent.
                }
                catch (ChannelClosedException)
                {
                    return;
                }
            }
        }

        private async Task ReceiveAsync(Receiver receiver, Random random)
        {
            ChannelReader<Item> reader = _channel.AsReader();
            while (true)
            {
                using var cancellation = new CancellationTokenSource();
                try
                {
                    if (random.Next(3) == 0)
                    {
                        cancellation.CancelAfter(random.Next(2));
                        if (!await reader.WaitToReadAsync(cancellation.Token))
                            return;
                        if (reader.TryRead(out Item item))
                            receiver.Add(item);
                    }
                    else
                    {
                        ValueTask<Item> read = reader.ReadAsync(cancellation.Token);
                        if (random.Next(2) == 0)
                            cancellation.Cancel();
                        receiver.Add(await read);
                    }
                }
                catch (OperationCanceledException)
                {
                    // Nothing received.
                }
                catch (ChannelClosedException)
                {
                    return;
                }
            }
        }

        // One green thread after the other, each cancelled at some moment. Each has numbers of its own: a Random that two use at once gives zeros for ever.
        private void RunVictims(Random random, Action<Random> body)
        {
            while (true)
            {
                var own = new Random(random.Next());
                GreenThread victim = GreenThread.Spawn(() => body(own));
                GreenThread.Sleep(TimeSpan.FromMicroseconds(random.Next(300)));
                victim.Cancel();
                try
                {
                    victim.Join();
                    return; // It has come to its end.
                }
                catch (GreenThreadCanceledException)
                {
                    if (IsTimeOver)
                    {
                        body(random);
                        return;
                    }
                }
            }
        }
    }

    /// <summary>What one receiver got, by sender.</summary>
    private sealed class Receiver
    {
        private readonly long[] _next = new long[Senders];

        internal long[] Count { get; } = new long[Senders];

        internal long[] Sum { get; } = new long[Senders];

        internal void Add(Item item)
        {
            if (item.Number < _next[item.Sender])
                throw new InvalidOperationException($"number {item.Number} of sender {item.Sender} comes late or twice");
            _next[item.Sender] = item.Number + 1;
            Count[item.Sender]++;
            Sum[item.Sender] += item.Number;
        }
    }
}
